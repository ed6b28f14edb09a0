import { readFileSync } from 'node:fs';
import type { InstalledNanite } from '../machine/installed';

/**
 * Drop files from the machine's page cache (posix_fadvise's DONTNEED through dd), and nothing else of the host's.
 *
 * Pages that a running process maps stay, as they would in a machine where these programs are in use.
 * @param paths files or folders inside the machine
 */
export async function dropFromCache(nanite: InstalledNanite, paths: readonly string[]): Promise<void> {
  await nanite.machine.run([
    'sh',
    '-c',
    'sync; find "$@" -type f -exec dd if={} iflag=nocache count=0 status=none \\;',
    'drop',
    ...paths,
  ]);
}

/** Bytes that processes have had read from the disk, mapped files included: what shows that a cache was cold. */
export function bytesRead(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) =>
      sum + Number(/^read_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0),
    0,
  );
}
