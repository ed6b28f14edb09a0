import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * The model store on file systems that share blocks, and sticks that know neither links nor modes: made in files, mounted
 * in a machine through loop devices and FUSE. What this kernel cannot mount is skipped, and its name says why.
 */
const packages = [
  'nanite-models',
  'nanite-cli',
  'nanite-model-smollm2-135m-instruct',
  ...['btrfs-progs', 'xfsprogs', 'dosfstools', 'fusefat', 'exfatprogs', 'exfat-fuse'],
];
const packaged = '/usr/share/nanite/models/smollm2-135m-instruct-q4-1/model.gguf';
/** A device that was set up by hand; those of `mount -o loop` go with their mount. */
const detach =
  'losetup --associated /srv/stick.img --noheadings --output NAME | xargs --no-run-if-empty losetup --detach';
let machine: Machine;
let size: number;

const kernelHas = (name: string): boolean =>
  new RegExp(`^(nodev)?\\t${name}$`, 'm').test(readFileSync('/proc/filesystems', 'utf8'));
/** Why something cannot be tried here; null where it can. */
const without = (...needs: Array<[boolean, string]>): string | null => {
  const missing = needs.filter(([is]) => !is).map(([, what]) => what);
  return missing.length > 0 ? `the kernel here has no ${missing.join(' and no ')}` : null;
};
const loops: [boolean, string] = [existsSync('/dev/loop-control'), 'loop devices'];
const fuse: [boolean, string] = [existsSync('/dev/fuse') && kernelHas('fuse'), 'FUSE'];
/** Named so that a run in which it was skipped says so. */
const titled = (name: string, why: string | null): string =>
  why === null ? name : `${name} (NOT SEEN: ${why})`;

beforeAll(async () => {
  machine = await Machine.withPackages('models-file-systems', packages);
  // systemd-nspawn makes neither.
  await machine.run(
    'for n in $(seq 0 15); do mknod /dev/loop$n b 7 $n; done; mknod /dev/loop-control c 10 237; ' +
      'test -e /dev/fuse || mknod /dev/fuse c 10 229; systemctl stop nanite-models.service',
  );
  size = Number((await machine.run(`stat --format %s ${packaged}`)).stdout);
});
afterAll(async () => {
  // Loop devices are the kernel's, not the machine's.
  await machine?.run(`umount /var/lib/nanite /data /stick; ${detach}`, { check: false });
  machine?.stop();
});

const nanite = (...args: string[]) => machine.run(['nanite', 'models', ...args], { check: false });
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await nanite(...args, '--json');
  expect(code, stdout + stderr).toBe(0);
  // One value, or a stream of lines whose last is the result.
  const text = stdout.startsWith('{\n') ? stdout : stdout.trim().split('\n').at(-1)!;
  return JSON.parse(text) as Record<string, unknown>;
};
/** Bytes that are in use on the file system of a folder. */
const used = async (folder: string): Promise<number> =>
  Number((await machine.run(`sync; df --block-size=1 --output=used ${folder} | tail -n1`)).stdout);
const shaOf = async (path: string) => (await machine.run(`sha256sum ${path}`)).stdout.split(' ')[0];
const waysOf = (events: Record<string, unknown>): string[] =>
  (events['result'] as { files: Array<{ how: string }> }).files.map(({ how }) => how);
const importWays = (events: Record<string, unknown>): string[] =>
  (events['result'] as { models: Array<{ files: Array<{ how: string }> }> }).models.flatMap(({ files }) =>
    files.map(({ how }) => how),
  );

describe.each([
  ['btrfs', 'mkfs.btrfs --quiet'],
  ['xfs', 'mkfs.xfs -q'],
])('%s', (type, make) => {
  const why = without(loops, [kernelHas(type), type]);
  const data = '/data';
  const blob = async () => `/var/lib/nanite/models/blobs/sha256-${await shaOf(packaged)}`;

  describe.skipIf(why !== null)(titled('blocks are shared', why), () => {
    beforeAll(async () => {
      await machine.run(
        `systemctl stop nanite-models.service; truncate --size 20G /srv/${type}.img && ${make} /srv/${type}.img && mkdir -p ${data} && ` +
          `mount -o loop /srv/${type}.img ${data} && mkdir ${data}/store ${data}/here && chmod 755 ${data} && ` +
          `mkdir -p /var/lib/nanite && mount --bind ${data}/store /var/lib/nanite && ` +
          `cp ${packaged} ${data}/here/shared.gguf`,
      );
    });
    afterAll(async () => {
      await machine.run(`systemctl stop nanite-models.service; umount /var/lib/nanite ${data}`);
    });

    test('a file that is imported takes no second room, and whoever changes it changes nothing in the store', async () => {
      const before = await used(data);
      expect(importWays(await json('import', `${data}/here`))).toEqual(['reflink']);
      expect((await used(data)) - before).toBeLessThan(size / 10);
      // The other copy is somebody else's to change.
      await machine.run(
        `printf spoiled | dd of=${data}/here/shared.gguf bs=1 seek=1000000 conv=notrunc status=none`,
      );
      expect(await shaOf(`${data}/here/shared.gguf`)).not.toBe(await shaOf(packaged));
      expect(await shaOf(await blob())).toBe(await shaOf(packaged));
      expect((await nanite('verify', 'shared')).code).toBe(0);
    });

    test('what is shared with other programs takes none either, and is theirs to change', async () => {
      const before = await used(data);
      expect(waysOf(await json('share', 'shared', '--with', 'folder', '--to', `${data}/here`))).toEqual([
        'reflink',
      ]);
      await machine.run(`mkdir -p ${data}/away`);
      expect(waysOf(await json('export', 'shared', '--to', `${data}/away`))).toEqual(['reflink']);
      expect((await used(data)) - before).toBeLessThan(size / 10);
      const { totalBytes } = await json('du');
      expect(totalBytes).toBeLessThan(size * 1.01);
      await machine.run(
        `chmod u+w ${data}/here/shared/*.gguf && truncate --size 100 ${data}/here/shared/*.gguf`,
      );
      expect(await shaOf(await blob())).toBe(await shaOf(packaged));
    });

    test('from another file system it is a whole copy: the positive control of what was measured', async () => {
      await machine.run(
        `mkdir -p /srv/other && cp ${packaged} /srv/other/copied.gguf && nanite models rm shared`,
      );
      await machine.run(`rm -rf ${data}/here/* ${data}/away`);
      const before = await used(data);
      expect(importWays(await json('import', '/srv/other'))).toEqual(['copy']);
      expect((await used(data)) - before).toBeGreaterThan(size * 0.9);
      await machine.run('nanite models rm copied');
    });
  });
});

describe.each([
  [
    'FAT (in user space: no kernel is asked)',
    without(fuse),
    'mkfs.vfat /srv/stick.img',
    'fusefat -o rw+,allow_other /srv/stick.img /stick',
  ],
  [
    'exFAT (in user space)',
    without(fuse, loops),
    'mkfs.exfat --quiet /srv/stick.img',
    'mount.exfat-fuse -o allow_other $(losetup --find --show /srv/stick.img) /stick',
  ],
])('a stick with %s', (name, why, make, mount) => {
  describe.skipIf(why !== null)(titled('is carried to another machine', why), () => {
    const plug = () => machine.run(`mkdir -p /stick && ${mount}`);
    const unplug = () => machine.run(`umount /stick; ${detach}`);

    beforeAll(async () => {
      await machine.run(`rm -f /srv/stick.img; truncate --size 300M /srv/stick.img && ${make}`);
      await plug();
    });
    afterAll(unplug);

    test('a model goes there and comes back, checked on both ways', async () => {
      const exported = await nanite('export', 'smollm2:135m', '--to', '/stick');
      expect(exported, exported.stdout + exported.stderr).toMatchObject({ code: 0 });
      expect(exported.stdout).toContain('Written and read back');
      await unplug();
      await plug();
      const sums = await machine.run('cd /stick && sha256sum --check --quiet SHA256SUMS', { check: false });
      expect(sums).toMatchObject({ code: 0, stdout: '' });
      // What a machine without this model takes in: here under the name that the package's model has is one already.
      await machine.run('dpkg --remove nanite-model-smollm2-135m-instruct');
      try {
        expect((await nanite('list')).stdout).not.toContain('smollm2:135m');
        const imported = await nanite('import', '/stick');
        expect(imported, imported.stdout + imported.stderr).toMatchObject({ code: 0 });
        expect((await nanite('list')).stdout).toContain('smollm2:135m');
        expect((await nanite('verify', 'smollm2:135m')).code).toBe(0);
        expect((await nanite('rm', 'smollm2:135m')).code).toBe(0);
      } finally {
        await machine.run('apt-get install -y -qq nanite-model-smollm2-135m-instruct');
      }
    });

    test('a stick that was spoiled on the way is refused', async () => {
      await machine.run(
        'printf spoiled | dd of=$(echo /stick/*/manifest.json) bs=1 seek=40 conv=notrunc status=none && sync',
      );
      const imported = await nanite('import', '/stick');
      expect(imported.code).not.toBe(0);
      expect(imported.stderr).toContain('is not what SHA256SUMS says');
      await machine.run('rm -rf /stick/*');
    });

    test('other programs find models there without links', async () => {
      const shared = await json('share', 'smollm2:135m', '--with', 'huggingface', '--to', '/stick/hub');
      expect(new Set(waysOf(shared))).toEqual(new Set(['copy']));
      const files = (await machine.run('find /stick/hub -path "*/snapshots/*" -name "*.gguf"')).stdout.trim();
      expect(await shaOf(files)).toBe(await shaOf(packaged));
      await machine.run('rm -rf /stick/hub');
    });

    test.runIf(name.startsWith('FAT'))(
      'a file of more than 4 GiB is refused before a byte is written',
      async () => {
        // A model of a package is listed as its manifest says: a hollow file does.
        await machine.run(
          `d=/usr/share/nanite/models/huge; mkdir $d && truncate --size 4294967296 $d/model.gguf && ` +
            `sed 's/"id": *"[^"]*"/"id": "huge"/; s/"name": *"[^"]*"/"name": "huge:1"/; s/"size": *${size}/"size": 4294967296/' ` +
            `$(dirname ${packaged})/manifest.json >$d/manifest.json; for f in $(dirname ${packaged})/*; do ` +
            `test -e $d/$(basename $f) || cp $f $d; done`,
        );
        const large = await nanite('export', 'huge:1', '--to', '/stick');
        expect(large.code).not.toBe(0);
        expect(large.stderr).toContain('larger than its file system allows');
        expect(large.stderr).toContain('exFAT');
        expect((await machine.run('ls /stick')).stdout).toBe('');
        await machine.run('rm -r /usr/share/nanite/models/huge');
      },
    );

    test('one that is full says so before a byte is written', async () => {
      // A smaller one: fusefat takes half a minute for 40 MiB.
      await unplug();
      await machine.run(`rm /srv/stick.img; truncate --size 120M /srv/stick.img && ${make}`);
      await plug();
      await machine.run('dd if=/dev/zero of=/stick/photos bs=1M count=40 status=none', { timeout: 150_000 });
      const full = await nanite('export', 'smollm2:135m', '--to', '/stick');
      expect(full.code).not.toBe(0);
      expect(full.stderr).toMatch(/has \d+ bytes free, but \d+ are needed/);
      expect((await machine.run('find /stick -mindepth 1')).stdout).toBe('/stick/photos\n');
    });
  });
});
