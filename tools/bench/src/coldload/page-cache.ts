import type { InstalledNanite } from '../machine/installed';

/**
 * Drop files from the machine's page cache (posix_fadvise's DONTNEED through dd), and nothing else of the host's.
 *
 * Pages that a running process maps stay, as they would in a machine where these programs are in use.
 * @param paths files or folders inside the machine
 * @returns bytes of them that stayed in memory
 */
export async function dropFromCache(nanite: InstalledNanite, paths: readonly string[]): Promise<number> {
  const { stdout } = await nanite.machine.run([
    'sh',
    '-c',
    'sync; find "$@" -type f -exec dd if={} iflag=nocache count=0 status=none \\; && ' +
      'find "$@" -type f -exec fincore --bytes --noheadings --output RES {} +',
    'drop',
    ...paths,
  ]);
  return stdout.split('\n').reduce((sum, line) => sum + Number(line.trim()), 0);
}
