import { statfs } from 'node:fs/promises';
import { NaniteError } from '@nanite/kit';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** What a build writes, in bytes, by where it writes it. */
export interface Need {
  folder: string;
  bytes: number;
  what: string;
}

/**
 * Refuse to begin what the disk cannot hold.
 *
 * @throws NaniteError `no-space` with how much is missing, and where
 */
export async function needSpace(needs: readonly Need[]): Promise<void> {
  const disks = new Map<string, { free: number; needed: number; parts: Need[] }>();
  for (const need of needs) {
    const at = await statfs(need.folder);
    // Folders of one file system say the same of it.
    const key = `${at.type}:${at.blocks}:${at.bfree}`;
    const disk = disks.get(key) ?? { free: at.bavail * at.bsize, needed: 0, parts: [] };
    disk.needed += need.bytes;
    disk.parts.push(need);
    disks.set(key, disk);
  }
  for (const { free, needed, parts } of disks.values()) {
    if (free >= needed) continue;
    const list = parts
      .map((part) => `${gigabytes(part.bytes)} for ${part.what} in ${part.folder}`)
      .join(', ');
    throw new NaniteError(
      'no-space',
      `the image needs ${gigabytes(needed)} on the disk, and ${gigabytes(free)} are free: ${list}`,
      { hint: 'free space, or put the caches elsewhere with NANITE_CACHE' },
    );
  }
}
