import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const script = join(import.meta.dirname, '0031-nanite-verify-checksums');

let medium: string;
beforeEach(() => {
  medium = mkdtempSync(join(tmpdir(), 'nanite-medium-'));
  mkdirSync(join(medium, 'live'));
  for (let i = 0; i < 120; i++) writeFileSync(join(medium, `live/file ${i}`), `content ${i}`);
  execFileSync('sh', ['-c', 'find ./live -type f -exec sha256sum {} + >sha256sum.txt'], { cwd: medium });
});
afterEach(() => rmSync(medium, { recursive: true }));

/** What a person sees, with `<wait N>` and `<restart>` where those happen. */
function shown(commandLine: string): string {
  const stubs = `
    nanite_say() { printf '%s\\n' "$*" >&2; }
    nanite_wait() { echo "<wait $*>" >&2; }
    nanite_restart() { echo '<restart>' >&2; }
    LIVE_BOOT_CMDLINE='${commandLine}'
    Verify_checksums '${medium}' 2>&1`;
  return execFileSync('dash', ['-c', `. '${script}'; ${stubs}`], { encoding: 'utf8' });
}

it('does nothing unless the kernel was told to', () => {
  expect(shown('boot=live components quiet')).toBe('');
});

it('says of a good medium that it is, and starts again by itself', () => {
  const said = shown('boot=live verify-checksums=sha256 quiet');
  expect(said).toMatch(/100 files of 120/);
  expect(said).toMatch(/This medium is good: all 120 files[^]*<wait 60>\n<restart>\n$/);
  expect(said).not.toContain('DAMAGED');
});

it('names every file that is damaged or gone, and waits for a person', () => {
  const damaged = join(medium, 'live/file 7');
  const bytes = readFileSync(damaged);
  bytes[3]! ^= 1;
  writeFileSync(damaged, bytes);
  rmSync(join(medium, 'live/file 99'));
  const said = shown('verify-checksums');
  expect(said).toMatch(/This medium is DAMAGED[^]*\n\.\/live\/file 7\n[^]*<wait >\n<restart>\n$/);
  expect(said).toContain('\n./live/file 99\n');
  expect(said.match(/\.\/live\/file/g)).toHaveLength(2);
  expect(said).not.toContain('is good');
});

it.each([
  ['gone', () => rmSync(join(medium, 'sha256sum.txt'))],
  ['unreadable', () => writeFileSync(join(medium, 'sha256sum.txt'), Buffer.alloc(4096))],
])('does not call a medium good whose list is %s', (_how, spoil) => {
  spoil();
  const said = shown('verify-checksums');
  expect(said).toContain('the list of its files cannot be read');
  expect(said).not.toContain('is good');
});
