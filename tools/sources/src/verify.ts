import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';
import { describe, type ArchivePin, type SourceFile } from './spec';

async function digest(path: string, algorithm: 'sha256' | 'sha512'): Promise<Buffer> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest();
}

/** Lower-case hexadecimal. */
export const sha256Of = async (path: string): Promise<string> =>
  (await digest(path, 'sha256')).toString('hex');

/** As package-lock.json writes it. */
export const integrityOf = async (path: string): Promise<string> =>
  `sha512-${(await digest(path, 'sha512')).toString('base64')}`;

export function hashMismatch(what: string, expected: string, actual: string): NaniteError {
  return new NaniteError(
    'hash-mismatch',
    `${what} is not what was pinned\n  pinned: ${expected}\n  got:    ${actual}`,
    {
      hint: 'nothing of it was kept; if the registry is right and the pin is old, look at the content before changing the pin',
    },
  );
}

/** @throws NaniteError `hash-mismatch` */
export async function verifyArchive(spec: ArchivePin, path: string): Promise<void> {
  if (spec.sha256 !== undefined) {
    const actual = await sha256Of(path);
    if (actual !== spec.sha256) throw hashMismatch(`the archive of ${describe(spec)}`, spec.sha256, actual);
  }
  if (spec.integrity !== undefined) {
    const actual = await integrityOf(path);
    if (actual !== spec.integrity)
      throw hashMismatch(`the archive of ${describe(spec)}`, spec.integrity, actual);
  }
}

/** @throws NaniteError `size-mismatch`, `hash-mismatch` */
export async function verifyFile(
  what: string,
  pinned: Omit<SourceFile, 'path'>,
  path: string,
): Promise<void> {
  const { size } = statSync(path);
  if (pinned.size !== undefined && pinned.size !== size) {
    throw new NaniteError('size-mismatch', `${what} has ${size} bytes, pinned are ${pinned.size}`);
  }
  const actual = await sha256Of(path);
  if (actual !== pinned.sha256) throw hashMismatch(what, pinned.sha256, actual);
}
