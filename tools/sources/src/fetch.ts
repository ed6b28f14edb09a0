import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { downloadedArchive, registryClients, type RegistryClient } from './clients';
import { diskFull } from './command';
import { extractMember } from './extract';
import { describe, type SourceFile, type SourceSpec } from './spec';
import { hashMismatch, sha256Of, verifyArchive } from './verify';

export interface FetchedSource {
  /** By path inside the archive: the verified file, read-only by agreement, named by its sha256. */
  files: Record<string, string>;
}

export interface FetchOptions {
  /** Default `$NANITE_CACHE/sources`. */
  cache?: string;
  clients?: Record<SourceSpec['registry'], RegistryClient>;
  /** Told what takes time. */
  say?: (line: string) => void;
}

/**
 * Fetch the files of a pinned source, from the cache where it has them.
 *
 * The cache is addressed by content: `<cache>/<sha256>`, verified on every use, so a damaged entry is fetched again.
 * A file gets its final name only once it is whole and verified.
 * @throws NaniteError `hash-mismatch` (with both hashes), `size-mismatch`, `disk-full`, `command-failed`, `command-missing`
 */
export async function fetchSource(spec: SourceSpec, options: FetchOptions = {}): Promise<FetchedSource> {
  const cache = options.cache ?? join(process.env['NANITE_CACHE'] ?? '/var/cache/nanite', 'sources');
  const files = Object.fromEntries(spec.files.map((file) => [file.path, join(cache, file.sha256)]));
  let partial: string | undefined;
  try {
    mkdirSync(cache, { recursive: true });
    dropAbandoned(cache);
    const missing: SourceFile[] = [];
    for (const file of spec.files) if (!(await isCached(cache, file.sha256))) missing.push(file);
    if (missing.length === 0) return { files };

    partial = mkdtempSync(join(cache, '.partial-'));
    const archive = await obtainArchive(spec, cache, partial, options);
    for (const file of missing) await keepMember(spec, archive, file, cache, partial);
    return { files };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
      throw diskFull(undefined, error);
    throw error;
  } finally {
    if (partial !== undefined) rmSync(partial, { recursive: true, force: true });
  }
}

async function isCached(cache: string, sha256: string): Promise<boolean> {
  const path = join(cache, sha256);
  if (!existsSync(path)) return false;
  if ((await sha256Of(path)) === sha256) return true;
  rmSync(path, { force: true });
  return false;
}

async function obtainArchive(
  spec: SourceSpec,
  cache: string,
  partial: string,
  { clients = registryClients, say = () => {} }: FetchOptions,
): Promise<string> {
  if (spec.sha256 !== undefined && (await isCached(cache, spec.sha256))) return join(cache, spec.sha256);
  say(`Fetching ${describe(spec)}`);
  const folder = join(partial, 'download');
  mkdirSync(folder);
  await clients[spec.registry](spec, folder);
  const archive = downloadedArchive(spec, folder);
  await verifyArchive(spec, archive);
  const kept = join(cache, spec.sha256 ?? (await sha256Of(archive)));
  renameSync(archive, kept);
  return kept;
}

async function keepMember(
  spec: SourceSpec,
  archive: string,
  file: SourceFile,
  cache: string,
  partial: string,
): Promise<void> {
  const whole = join(partial, 'member');
  await extractMember(archive, file.path, whole);
  const { size } = statSync(whole);
  if (file.size !== undefined && file.size !== size) {
    throw new NaniteError(
      'size-mismatch',
      `${file.path} of ${describe(spec)} has ${size} bytes, pinned are ${file.size}`,
    );
  }
  const actual = await sha256Of(whole);
  if (actual !== file.sha256) throw hashMismatch(`${file.path} of ${describe(spec)}`, file.sha256, actual);
  renameSync(whole, join(cache, file.sha256));
}

/** A fetch that was killed leaves its folder of half-made files; a day later nobody is writing it any more. */
function dropAbandoned(cache: string): void {
  const yesterday = Date.now() - 24 * 60 * 60 * 1000;
  for (const name of readdirSync(cache)) {
    if (!name.startsWith('.partial-')) continue;
    const path = join(cache, name);
    const age = statSync(path, { throwIfNoEntry: false });
    if (age !== undefined && age.mtimeMs < yesterday) rmSync(path, { recursive: true, force: true });
  }
}
