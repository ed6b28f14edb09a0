import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** What the system calls itself with nanite-release, and that Debian's files come back. The tests run in order. */
let machine: Machine;
const sh = async (command: string): Promise<string> => (await machine.run(['bash', '-ec', command])).stdout;
const files = ['/usr/lib/os-release', '/etc/os-release', '/etc/issue', '/etc/issue.net'];
const state = () =>
  sh(
    `for file in ${files.join(' ')}; do stat -c '%n %F %a %U' $file; readlink $file || true; cat $file; done; ` +
      'readlink /etc/dpkg/origins/default; ls /etc/dpkg/origins /etc/issue*; dpkg-divert --list | grep nanite-release || true; dpkg --verify base-files',
  );
let before: string;

beforeAll(async () => {
  machine = Machine.boot('release');
  before = await state();
  await machine.install(['nanite-release', 'login', 'lsb-release', 'pamtester']);
});
afterAll(() => machine?.stop());

describe('with it', () => {
  test('the system says that it is Nanite, made of Debian', async () => {
    const read = '. /etc/os-release; echo "$NAME|$ID|$ID_LIKE|$VERSION_CODENAME"';
    expect(before).toContain('ID=debian');
    expect(await sh(read)).toBe('Nanite|nanite|debian|trixie\n');
    expect(await sh('lsb_release -si; lsb_release -sc')).toBe('Nanite\ntrixie\n');
    expect(await sh('hostnamectl --json=short | tr , "\\n" | grep PrettyName')).toMatch(/Nanite \d/);
    expect(await sh('cat /etc/issue')).toMatch(/^Nanite \d+\.\d+ \\n \\l/);
    expect(await sh('cat /etc/dpkg/origins/default')).toBe('Vendor: Nanite\nParent: Debian\n');
  });

  test('who logs in is told what to type', async () => {
    await sh('useradd --create-home ada');
    const shown = await sh('timeout 20 pamtester login ada open_session');
    expect(shown).toContain('nanite ask');
  });

  test('an upgrade of base-files leaves it so', async () => {
    await machine.install(['base-files'], { reinstall: true });
    expect(await sh('. /etc/os-release; echo "$ID"; cat /etc/issue.net')).toMatch(/^nanite\nNanite /);
    expect(await sh('. /usr/lib/os-release.debian; echo "$ID"')).toBe('debian\n');
  });
});

test.each(['remove', 'purge'])('apt %s gives Debian’s files back', async (verb) => {
  await machine.install(['nanite-release']);
  await sh(`apt-get ${verb} -y nanite-release`);
  if (verb === 'purge') expect(await state()).toBe(before);
  expect(await sh('. /etc/os-release; echo "$ID"; cat /etc/issue')).toMatch(/^debian\nDebian GNU\/Linux 13/);
});

test('what an administrator wrote into /etc/issue stays', async () => {
  await machine.install(['nanite-release']);
  await sh('rm /etc/issue; echo "Keep out" > /etc/issue; apt-get purge -y nanite-release');
  expect(await sh('cat /etc/issue')).toBe('Keep out\n');
  expect(await sh('dpkg-divert --list "*issue*"')).toBe('');
});
