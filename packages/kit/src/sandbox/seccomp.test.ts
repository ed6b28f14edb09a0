import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemCalls } from './seccomp';

/** Numbers of system calls in the kernel's own headers. */
function numbers(path: string, prefix: string): Map<string, number> {
  const found = readFileSync(path, 'utf8').matchAll(new RegExp(`^#define ${prefix}(\\w+)\\s+(\\d+)`, 'gm'));
  return new Map([...found].map(([, name, number]) => [name!, Number(number)]));
}

describe('systemCalls', () => {
  const x64 = ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'].find(
    existsSync,
  );
  it.skipIf(!x64)('has the numbers of x86-64', () => {
    const there = numbers(x64!, '__NR_');
    for (const [name, number] of systemCalls)
      if (number !== null) expect([name, there.get(name)]).toEqual([name, number]);
  });

  const generic = '/usr/include/asm-generic/unistd.h';
  it.skipIf(!existsSync(generic))('has the numbers of ARM', () => {
    const there = new Map([...numbers(generic, '__NR_'), ...numbers(generic, '__NR3264_')]);
    // On 64 bits these three have another name than in the table of all machines.
    const alias: Record<string, string> = { newfstatat: 'fstatat' };
    for (const [name, , number] of systemCalls) {
      if (number !== null) expect([name, there.get(alias[name] ?? name)]).toEqual([name, number]);
    }
  });
});
