import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { FileType } from '@nanite/contracts';
import { describeError, NaniteError } from '@nanite/kit';
import { CannotExtract } from '../extract/cannot-extract';
import type { Passages } from '../chunk';
import { identify, identifyBytes } from '../extract/file-type';
import { mebibyte, mostBytes } from '../extract/limits';
import type { Database } from '../store';
import { isGone, statFile, type FoundFile } from '../walk';
import type { IndexParts } from './parts';

/** A file of a root that is new or changed. */
export interface Task {
  root: number;
  collection: number;
  file: FoundFile;
  /** Its folder, with the whole path. */
  folder: Buffer;
  /** Whether the index has no row of it yet. */
  isNew: boolean;
}

interface Row {
  id: number;
  hash: string | null;
  type: FileType | null;
  state: string;
}

interface Result {
  hash: string | null;
  type: FileType | null;
  state: 'indexed' | 'aside' | 'named';
  reason: { code: string; text: string } | null;
  document: Passages | null;
}

const nameOf = (path: Buffer): string => path.subarray(path.lastIndexOf(0x2f) + 1).toString();

const aside = (type: FileType | null, hash: string | null, code: string, text: string): Result => ({
  hash,
  type,
  state: 'aside',
  reason: { code, text },
  document: null,
});

/**
 * Bring the index up to date with one file, in one transaction. What is stored with it is the state that lstat(2) saw
 * before the file was read: if it changes meanwhile, the next look at its folder finds that.
 *
 * A file that cannot be read or extracted is set aside with the reason.
 * @throws NaniteError `disk-full` and others of the database; the signal's reason
 */
export async function indexFile(parts: IndexParts, task: Task, signal: AbortSignal): Promise<void> {
  const { database } = parts;
  const before = await database.get<Row>(
    'SELECT id, hash, type, state FROM files WHERE root = ? AND path = ?',
    task.root,
    task.file.path,
  );
  let result: Result | 'same' | 'gone';
  try {
    result = await read(parts, task, before, signal);
  } catch (error) {
    signal.throwIfAborted();
    result = failure(error);
    if (result !== 'gone' && result.reason?.code === 'failed') {
      const path = task.file.path.toString();
      parts.log.error('a file could not be indexed', { path, cause: describeError(error) });
    }
  }
  if (result === 'gone') {
    if (before !== undefined) await database.run('DELETE FROM files WHERE id = ?', before.id);
    return;
  }
  if (result === 'same') {
    await database.run(
      'UPDATE files SET identity = ?, ctime = ?, size = ?, modified = ? WHERE id = ?',
      task.file.identity,
      task.file.ctime,
      task.file.size,
      task.file.modified,
      before!.id,
    );
    return;
  }
  const done = result;
  const id = await database.transaction((within) => store(within, task, before?.id ?? null, done));
  // It may have been deleted while it was read: whoever saw that found no row yet. A later deletion is seen with the row.
  if ((await statFile(task.file.path)) === null) await database.run('DELETE FROM files WHERE id = ?', id);
}

/** @throws NaniteError `disk-full`, and what else is not a fault of the file, such as `sandbox-missing` */
function failure(error: unknown): Result | 'gone' {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new NaniteError('disk-full', 'the disk is too full to read a file', {
      status: 507,
      cause: error,
    });
  }
  if (error instanceof NaniteError) throw error;
  if (code === 'EACCES' || code === 'EPERM')
    return aside(null, null, 'no-permission', 'you are not allowed to read it');
  if (isGone(error)) return 'gone';
  return aside(null, null, 'failed', describeError(error));
}

async function read(
  parts: IndexParts,
  { file }: Task,
  before: Row | undefined,
  signal: AbortSignal,
): Promise<Result | 'same' | 'gone'> {
  // Not through a link that took the file's place, and not waiting where it is a pipe by now.
  const opened = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  let type: FileType | null;
  let hash: string;
  try {
    const { bytesRead, buffer } = await opened.read(Buffer.alloc(identifyBytes), 0, identifyBytes, 0);
    type = await identify(nameOf(file.path), buffer.subarray(0, bytesRead));
    if (type === null) return { hash: null, type, state: 'named', reason: null, document: null };
    if (file.size > mostBytes(type)) {
      return aside(type, null, 'too-large', `it is larger than ${mostBytes(type) / mebibyte} MiB`);
    }
    hash = await contentHash(opened, signal);
  } finally {
    await opened.close();
  }
  if (before?.hash === hash && before.type === type && before.state === 'indexed') return 'same';
  try {
    const document = await parts.extractor.passages({ path: file.path, type, size: file.size }, signal);
    return { hash, type, state: 'indexed', reason: null, document };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CannotExtract) {
      if (error.reason === 'gone') return 'gone';
      return aside(type, hash, error.reason, error.message);
    }
    throw error;
  }
}

async function contentHash(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  // The stream is not given the signal: it stays behind open, and would throw at nobody when that is aborted later.
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 });
  for await (const part of stream as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    hash.update(part);
  }
  return hash.digest('hex');
}

async function store(within: Database, task: Task, id: number | null, result: Result): Promise<number> {
  const { file } = task;
  const { document, reason } = result;
  const facts = [
    file.identity,
    file.ctime,
    file.size,
    file.modified,
    result.hash,
    result.type,
    document?.title ?? null,
    document?.language ?? null,
    result.state,
    reason?.code ?? null,
    reason?.text ?? null,
    JSON.stringify(document?.warnings ?? []),
    new Date().toISOString(),
  ];
  let row = id;
  if (row === null) {
    const inserted = await within.run(
      `INSERT INTO files (root, collection, path, folder, identity, ctime, size, modified, hash, type, title, language,
         state, reason_code, reason, warnings, indexed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      task.root,
      task.collection,
      file.path,
      task.folder,
      ...facts,
    );
    row = inserted.lastId;
  } else {
    await within.run('DELETE FROM chunks WHERE file = ?', row);
    await within.run(
      `UPDATE files SET identity = ?, ctime = ?, size = ?, modified = ?, hash = ?, type = ?, title = ?, language = ?,
         state = ?, reason_code = ?, reason = ?, warnings = ?, indexed = ? WHERE id = ?`,
      ...facts,
      row,
    );
  }
  // A name is shown to whoever may read the file.
  await nameFile(within, row, reason?.code === 'no-permission' ? null : file.path, document?.title ?? null);
  for (const piece of document?.chunks ?? []) {
    await within.run(
      `INSERT INTO chunks (file, collection, ordinal, text, headings, place, bytes_from, bytes_to, kind, symbol, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row,
      task.collection,
      piece.ordinal,
      piece.text,
      JSON.stringify(piece.headings),
      JSON.stringify(piece.place),
      piece.bytes?.from ?? null,
      piece.bytes?.to ?? null,
      piece.kind,
      piece.symbol,
      piece.hash,
    );
  }
  return row;
}

/** Let a file be found by its name from now on; with null, no longer. */
export async function nameFile(
  within: Database,
  id: number,
  path: Buffer | null,
  title: string | null,
): Promise<void> {
  await within.run('DELETE FROM names_fts WHERE rowid = ?', id);
  if (path === null) return;
  await within.run('INSERT INTO names_fts (rowid, name, title) VALUES (?, ?, ?)', id, nameOf(path), title);
}
