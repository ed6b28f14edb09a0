import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** What a person sees, with `<wait N>` where that happens, and `<panic …>` for initramfs-tools' own. */
function shown(call: string): string {
  const stubs = `
    nanite_say() { printf '%s\\n' "$*"; }
    nanite_wait() { echo "<wait $*>"; }
    nanite_panic() { echo "<panic panic=$panic: $*>"; }
    LIVE_BOOT_CMDLINE='boot=live panic=10 quiet'
    ${call}`;
  const scripts = ['0031-nanite-verify-checksums', '9991-nanite-messages'];
  const read = scripts.map((script) => `. '${join(import.meta.dirname, script)}'`).join('\n');
  return execFileSync('dash', ['-c', `${read}\n${stubs}`], { encoding: 'utf8' });
}

it('says what went wrong and what to do, then leaves it to initramfs-tools', () => {
  const said = shown("panic 'Can not mount /dev/loop0' it");
  expect(said).toMatch(/could NOT be started[^]*\n {2}Can not mount \/dev\/loop0 it\n[^]*write it again[^]*/);
  // A text console breaks longer lines in the midst of a word.
  expect(Math.max(...said.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(said).toMatch(/\n<panic panic=10: Can not mount \/dev\/loop0 it>\n$/);
});

it('gives the console back that live-boot had taken', () => {
  const said = shown('exec 6>&1 7>&2 >/dev/null 2>&1; sleep 60 & tailpid=$!; panic gone');
  expect(said).toContain('<panic panic=10: gone>');
});

it('says that a medium which does not fit into memory must stay in, and waits for it to be read', () => {
  const said = shown(
    "log_warning_msg 'Not enough free memory (1k free, 2k needed) to copy live media in ram.'",
  );
  expect(said).toMatch(/^Warning: Not enough free memory[^]*LEAVE IT IN[^]*\n<wait 20>\n$/);
});

it('does not wait for other warnings', () => {
  expect(shown('log_warning_msg something')).toBe('Warning: something\n');
});
