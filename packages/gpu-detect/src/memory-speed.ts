import { readFileSync } from 'node:fs';
import { HardwareReport } from '@nanite/contracts';

/**
 * More than the second-level caches of most processors hold, and little enough to be copied before another program gets
 * the CPU: with larger pieces a busy machine looks ten times slower than it is.
 */
const pieceBytes = 16 * 2 ** 20;
const rounds = 20;

/** Bytes a second that one thread reads and writes, at the best of 20 tries: 0.2 s of a CPU. */
export function measureMemorySpeed(): number {
  const from = Buffer.alloc(pieceBytes, 1);
  const to = Buffer.alloc(pieceBytes, 2);
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const since = performance.now();
    from.copy(to);
    least = Math.min(least, performance.now() - since);
  }
  return Math.round((2 * pieceBytes) / (least / 1000));
}

/** As an earlier run of this boot measured it on the same processor; null where none did. */
export function rememberedMemorySpeed(file: string, processor: string): number | null {
  try {
    const { cpu, memory } = HardwareReport.parse(JSON.parse(readFileSync(file, 'utf8')));
    return cpu.model === processor ? (memory.bytesPerSecond ?? null) : null;
  } catch {
    // The first run, or one of another version.
    return null;
  }
}
