import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/**
 * What stops the making of an image, and what it leaves behind, on a small Debian and a small Nanite made here. live-build and
 * mmdebstrap are stand-ins where something is built: what they make is tested by booting it (tests/boot).
 */
const checkout = resolve(import.meta.dirname, '../..');
let world: string;
const at = (...path: string[]): string => join(world, ...path);

function sh(command: string): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], {
    encoding: 'utf8',
    env: { ...process.env, GNUPGHOME: at('keys') },
  });
  if (status !== 0) throw new Error(`${command}\n${stdout}${stderr}`);
  return stdout;
}

function deb(folder: string, name: string, fields: string[] = []): void {
  const root = at('debs', name);
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  writeFileSync(
    join(root, 'DEBIAN/control'),
    [
      `Package: ${name}`,
      'Version: 1',
      'Architecture: all',
      'Maintainer: Test <test@nanite.invalid>',
      'Description: a test',
      ...fields,
      '',
    ].join('\n'),
  );
  mkdirSync(folder, { recursive: true });
  sh(`dpkg-deb --root-owner-group -Znone -b ${root} ${folder}/${name}_1_all.deb`);
}

/** Publish what lies in a folder's pool as a suite, signed by a key of this test. */
function publish(folder: string, suite: string, origin: string, key = 'debian@nanite.invalid'): void {
  const dist = join(folder, 'dists', suite);
  for (const area of ['main', 'contrib', 'non-free', 'non-free-firmware']) {
    mkdirSync(join(dist, area, 'binary-amd64'), { recursive: true });
    const list = area === 'main' ? `cd ${folder} && apt-ftparchive packages pool` : 'true';
    sh(`${list} >${join(dist, area, 'binary-amd64/Packages')}`);
  }
  const option = (name: string, value: string): string => `-o APT::FTPArchive::Release::${name}='${value}'`;
  sh(
    `cd ${dist} && apt-ftparchive ${option('Origin', origin)} ${option('Label', origin)} ${option('Suite', suite)} ` +
      `${option('Codename', suite)} ${option('Architectures', 'amd64')} ` +
      `${option('Components', 'main contrib non-free non-free-firmware')} release . >../Release.${suite} && ` +
      `mv ../Release.${suite} Release && rm -f InRelease && ` +
      `gpg --batch -q -u ${key} --clearsign -o InRelease Release`,
  );
}

beforeEach(() => {
  world = mkdtempSync(join(tmpdir(), 'image-'));
  mkdirSync(at('keys'), { mode: 0o700 });
  for (const id of ['debian@nanite.invalid', 'stranger@nanite.invalid'])
    sh(`gpg --batch -q --passphrase '' --quick-generate-key ${id} ed25519 sign 0`);
  sh(`gpg --batch -q --export debian@nanite.invalid >${at('debian.gpg')}`);
  sh(`gpg --batch -q --armor --export debian@nanite.invalid >${at('nanite.asc')}`);
  deb(at('debian/pool'), 'base-files', ['Priority: required']);
  deb(at('debian/pool'), 'linux-image-amd64');
  mkdirSync(at('debian-security/pool'), { recursive: true });
  publish(at('debian'), 'trixie', 'Debian');
  publish(at('debian'), 'trixie-updates', 'Debian');
  publish(at('debian-security'), 'trixie-security', 'Debian');
  deb(at('nanite/pool'), 'nanite-desktop');
  publish(at('nanite'), 'stable', 'Nanite');
  mkdirSync(at('live-build/config/package-lists'), { recursive: true });
  mkdirSync(at('live-build/config/apt'), { recursive: true });
  writeFileSync(at('live-build/config/apt/preferences'), '');
  writeFileSync(
    at('live-build/config/package-lists/test.list.chroot'),
    '#if FLAVOUR desktop\nnanite-desktop\n#endif\n#if FLAVOUR large\nnanite-large\n#endif\n',
  );
  mkdirSync(at('cache'));
  mkdirSync(at('bin'));
});
afterEach(() => {
  spawnSync('umount', ['-l', at('cache')]);
  sh('gpgconf --kill all');
  rmSync(world, { recursive: true, force: true });
});

const command = (...more: string[]): string[] => [
  ...['--import', 'tsx', 'tools/image/src/main.ts', '--mirror', `file://${at('debian')}`],
  ...['--debian-keyring', at('debian.gpg'), '--keyring', at('nanite.asc')],
  ...['--repository', at('nanite'), '--configuration', at('live-build')],
  ...['--cache', at('cache'), '--images', at('images'), ...more],
];
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${at('bin')}:${process.env['PATH']}`,
});

function image(...more: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('node', command(...more), {
    encoding: 'utf8',
    cwd: checkout,
    env: environment(),
  });
  return { code: status, said: stdout + stderr };
}
const check = (): { code: number | null; said: string } => image('--check-only');
const finished = (): string[] => (existsSync(at('images')) ? readdirSync(at('images')) : []);

test('what is whole and signed passes', () => {
  const { code, said } = check();
  expect(said).toContain('3 packages, 1 of them ours');
  expect(code).toBe(0);
});

test('a package that one of ours recommends, but nobody published, stops the build, by its name', () => {
  deb(at('nanite/pool'), 'nanite-desktop', ['Recommends: nanite-rag, chromium, nanite-a | nanite-b']);
  deb(at('nanite/pool'), 'nanite-a');
  publish(at('nanite'), 'stable', 'Nanite');
  const { code, said } = check();
  expect(said).toContain("there is no package 'nanite-rag', which nanite-desktop recommends");
  expect(said).toContain('make repo');
  expect(code).toBe(1);
});

test.each([
  ['nobody', () => rmSync(at('nanite/dists/stable/InRelease'))],
  ['a stranger', () => publish(at('nanite'), 'stable', 'Nanite', 'stranger@nanite.invalid')],
  [
    'its key, and changed afterwards',
    () => sh(`sed -i 's/^Label: Nanite/Label: Other/' ${at('nanite/dists/stable/InRelease')}`),
  ],
])('a repository signed by %s stops the build, by its name', (_, damage) => {
  damage();
  const { code, said } = check();
  expect(code).toBe(1);
  expect(said).toMatch(/the repository \S*repository is not to be trusted/);
  expect(said).toContain(at('cache'));
});

test('a package changed after it was signed stops the build, by its name', () => {
  const file = at('nanite/pool/nanite-desktop_1_all.deb');
  const { length } = readFileSync(file);
  appendFileSync(file, 'x');
  expect(readFileSync(file).length).toBe(length + 1);
  const { code, said } = check();
  expect(said).toContain('nanite-desktop_1_all.deb');
  expect(said).toMatch(/is not the file that its repository signed/);
  expect(code).toBe(1);
});

test('a package changed without its size stops it too', () => {
  const file = at('nanite/pool/nanite-desktop_1_all.deb');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  const { code, said } = check();
  expect(said).toContain('nanite-desktop_1_all.deb');
  expect(code).toBe(1);
});

test('a metapackage that does not exist is named', () => {
  const { code, said } = image('--check-only', '--packages', 'nanite-nowhere');
  expect(said).toContain("there is no package 'nanite-nowhere'");
  expect(code).toBe(1);
});

test('a flavour that does not exist is named, with those that do', () => {
  const { code, said } = image('--check-only', '--flavour', 'dekstop');
  expect(said).toMatch(/no flavour 'dekstop'[\s\S]*there is desktop, large/);
  expect(code).toBe(1);
});

test('a disk too small is said before anything is built, and nothing is left', () => {
  deb(at('nanite/pool'), 'nanite-large', ['Installed-Size: 4000000']);
  publish(at('nanite'), 'stable', 'Nanite');
  sh(`mount -t tmpfs -o size=600M tmpfs ${at('cache')}`);
  writeFileSync(at('bin/mmdebstrap'), `#!/bin/sh\ntouch ${at('began')}\nexit 1\n`);
  chmodSync(at('bin/mmdebstrap'), 0o755);
  const { code, said } = image('--flavour', 'large');
  expect(said).toMatch(/the image needs \d+\.\d GB on the disk, and 0\.\d GB are free/);
  expect(code).toBe(1);
  expect(existsSync(at('began'))).toBe(false);
  expect(finished()).toEqual([]);
  expect(existsSync(at('cache/image/work'))).toBe(false);
  // The control: what fits on the same disk gets as far as building.
  expect(image('--flavour', 'desktop').said).toContain('mmdebstrap ended with 1');
  expect(existsSync(at('began'))).toBe(true);
});

/** Stand-ins that make a layer of one file and an image of `content`; the last step stops half-way while `hold` is there. */
function standIns(content: string): void {
  const script = (name: string, text: string): void => {
    writeFileSync(at('bin', name), `#!/bin/sh\nset -e\n${text}\n`);
    chmodSync(at('bin', name), 0o755);
  };
  script('mmdebstrap', 'for a; do case $a in */layers/*) mkdir -p "$a/mnt" "$a/etc" ;; esac; done');
  script(
    'lb',
    `if [ "$1" = binary ]; then mkdir -p binary/EFI/boot; touch binary/EFI/boot/bootx64.efi binary/EFI/boot/grubx64.efi; echo 'sum  ./boot/grub/grub_eltorito' >binary/sha256sum.txt; fi
[ "$1" = binary_iso ] || exit 0
printf half >nanite-amd64.hybrid.iso
touch ${at('half')}
while [ -e ${at('hold')} ]; do sleep 0.1; done
printf '%s' '${content}' >nanite-amd64.hybrid.iso
printf 'nanite-desktop\\t1\\n' >nanite-amd64.packages`,
  );
}

async function interrupted(signal: NodeJS.Signals): Promise<void> {
  writeFileSync(at('hold'), '');
  rmSync(at('half'), { force: true });
  const child: ChildProcess = spawn('node', command(), {
    cwd: checkout,
    env: environment(),
    stdio: 'ignore',
  });
  const ended = new Promise((done) => child.once('close', done));
  while (!existsSync(at('half'))) {
    if (child.exitCode !== null) throw new Error('it ended before it was interrupted');
    await new Promise((done) => setTimeout(done, 50));
  }
  child.kill(signal);
  await ended;
  rmSync(at('hold'));
}

const iso = 'nanite-0.1.0-desktop-amd64.iso';

test('interrupted and run again, it makes the whole image; the image before stays until then', async () => {
  standIns('first');
  expect(image().said).toContain(iso);
  const names = [iso, `${iso}.sha256`, iso.replace('.iso', '.packages')].sort();
  expect(finished().sort()).toEqual(names);

  standIns('second');
  await interrupted('SIGTERM');
  expect(finished().sort()).toEqual(names);
  expect(readFileSync(at('images', iso), 'utf8')).toBe('first');
  expect(existsSync(at('cache/image/work'))).toBe(false);

  // Killed, it cannot tidy up: the next one does.
  await interrupted('SIGKILL');
  expect(finished().sort()).toEqual(names);
  expect(existsSync(at('cache/image/work'))).toBe(true);
  const { code, said } = image();
  expect(said).toContain("Debian's part is as it was");
  expect(code).toBe(0);
  expect(readFileSync(at('images', iso), 'utf8')).toBe('second');
  expect(readFileSync(at('images', `${iso}.sha256`), 'utf8')).toBe(
    `${createHash('sha256').update('second').digest('hex')}  ${iso}\n`,
  );
  expect(existsSync(at('cache/image/work'))).toBe(false);
});

test('the image names metapackages only', () => {
  const named = readFileSync(join(checkout, 'live-build/config/package-lists/nanite.list.chroot'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(named.length).toBeGreaterThan(3);
  for (const name of named) expect(name).toMatch(/^nanite-/);
});
