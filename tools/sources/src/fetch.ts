import { join } from 'node:path';
import { obtainArchive, type FetchOptions } from './archive';
import { Cache } from './cache';
import { extractMember } from './extract';
import { fetchJoined } from './join';
import { describe, type JoinedSource, type SourceFile, type SourceSpec } from './spec';
import { verifyFile } from './verify';

export interface FetchedSource {
  /** By path inside the archive: the verified file, read-only by agreement, named by its sha256. */
  files: Record<string, string>;
}

/**
 * Fetch the files of a pinned source, from the cache where it has them.
 *
 * @throws NaniteError `hash-mismatch` (with both hashes), `size-mismatch`, `disk-full`, `command-failed`,
 * `command-missing`; of a joined source also `no-source`
 */
export async function fetchSource(
  source: SourceSpec | JoinedSource,
  options: FetchOptions = {},
): Promise<FetchedSource> {
  const cache = new Cache(options.cache);
  if ('parts' in source) {
    return { files: { [source.file.path]: await fetchJoined(source, cache, options) } };
  }
  const files = Object.fromEntries(source.files.map((file) => [file.path, cache.path(file.sha256)]));
  const missing: SourceFile[] = [];
  for (const file of source.files) if (!(await cache.has(file.sha256))) missing.push(file);
  if (missing.length === 0) return { files };

  await cache.inPartial(async (partial) => {
    const archive = await obtainArchive(source, cache, partial, options);
    for (const file of missing) {
      const member = join(partial, 'member');
      await extractMember(archive, file.path, member);
      await verifyFile(`${file.path} of ${describe(source)}`, file, member);
      cache.keep(member, file.sha256);
    }
  });
  return { files };
}
