import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { Sha256 } from '@nanite/contracts';
import { z } from 'zod';

/**
 * What a file of state says: which bytes of the part file are on the disk. It is written after the bytes it speaks of
 * have been synced, so it is true after a reboot as well.
 */
const DownloadState = z.strictObject({
  schema: z.literal(1),
  size: z.number().int().nonnegative(),
  /** Known beforehand; null if nobody has named it. */
  sha256: Sha256.nullable(),
  chunkBytes: z.number().int().positive(),
  /** Bytes there of each chunk. */
  have: z.array(z.number().int().nonnegative()),
  /** What the server called this version of the file: an ETag, or its date. */
  validator: z.string().nullable(),
});

export type DownloadState = z.infer<typeof DownloadState>;

export interface PartFiles {
  /** The file being fetched. */
  part: string;
  /** Which of its bytes are there. */
  state: string;
}

/** The state of an earlier run; null where there is none, it cannot be read, or the part file does not fit it. */
export async function loadState(target: PartFiles, sha256: string | null): Promise<DownloadState | null> {
  try {
    const state = DownloadState.parse(JSON.parse(await readFile(target.state, 'utf8')));
    const part = await stat(target.part);
    return part.size === state.size && state.sha256 === sha256 ? state : null;
  } catch {
    // Whatever is wrong with it (absent, cut off, of a later version), the remedy is the same: fetch all.
    return null;
  }
}

/** Replaces the file whole; on the disk when it returns. */
export async function saveState(path: string, state: DownloadState): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

export async function discard(target: PartFiles): Promise<void> {
  await Promise.all(
    [target.part, target.state, `${target.state}.new`].map((path) => rm(path, { force: true })),
  );
}
