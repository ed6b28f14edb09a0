import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline as pipelineOf, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { ExportHeader, exportVersion } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { counted } from '../terminal/format';
import { print } from '../terminal/print';
import { watchProgress, addedText } from './collections';
import { knowledge, toldOfKnowledge } from './service';

/** `nanite knowledge export`: folders, options and vectors of a collection in one file; no text of its files. */
export const exportCollection = (
  name: string,
  { to, json = false, team }: { to: string; json?: boolean; team?: boolean },
): Promise<number> =>
  toldOfKnowledge(json, async () => {
    const path = resolve(to);
    if (existsSync(path)) {
      throw new NaniteError('bad-file', `${to} already exists`, { hint: 'choose another file name' });
    }
    const part = `${path}.part`;
    try {
      const lines = await knowledge(team).export(name);
      await pipeline(lines, createGzip(), createWriteStream(part, { mode: 0o600, flags: 'w' }));
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    return print({ exported: name, file: path }, json, () => `${name} is in ${to}\n`);
  });

export interface ImportOptions {
  name?: string;
  root: string[];
  wait?: boolean;
  json?: boolean;
  team?: boolean;
}

/** `nanite knowledge import`: the collection again, of the folders that it had, or of those that are named instead. */
export const importCollection = (file: string, options: ImportOptions): Promise<number> =>
  toldOfKnowledge(options.json ?? false, async () => {
    if (!existsSync(file)) throw new NaniteError('bad-file', `there is no file ${file}`);
    const lines = changedLines(file, options);
    // Before anything is asked of the service: whether this is an export at all.
    const first = await lines.next();
    let damage: unknown = null;
    const sent = async function* () {
      yield first.value as string;
      try {
        yield* lines;
      } catch (error) {
        damage = error;
        throw error;
      }
    };
    const answer = await knowledge(options.team)
      .import(Readable.from(sent()))
      .catch((error: unknown) => {
        throw damage ?? error;
      });
    const collection =
      (options.wait ?? process.stderr.isTTY === true)
        ? await watchProgress(answer.collection, options.team)
        : answer.collection;
    return print({ ...answer, collection }, options.json ?? false, () =>
      [addedText(collection, options.team), ...answer.notes].map((line) => `${line}\n`).join(''),
    );
  });

/** The first line as it is wished here, then all else as it is. @throws NaniteError `bad-file`, `usage` */
async function* changedLines(file: string, options: ImportOptions): AsyncGenerator<string, void, void> {
  let head = '';
  let changed = false;
  try {
    // What goes wrong on either side comes out of the end that is read here.
    const text = pipelineOf(createReadStream(file), createGunzip(), () => {}).setEncoding('utf8');
    for await (const piece of text as AsyncIterable<string>) {
      if (changed) {
        yield piece;
        continue;
      }
      head += piece;
      const end = head.indexOf('\n');
      if (end < 0 && head.length < longestHeader) continue;
      changed = true;
      yield `${JSON.stringify(changedHeader(head.slice(0, end), options))}\n`;
      yield head.slice(end + 1);
    }
  } catch (cause) {
    if (cause instanceof NaniteError) throw cause;
    throw notOurs(file, cause);
  }
  if (!changed) throw notOurs(file);
}

/** Characters: a thousand folders, none of them longer than Linux allows. */
const longestHeader = 8_000_000;

function changedHeader(line: string, { name, root }: ImportOptions): ExportHeader {
  let header: ExportHeader;
  try {
    const value: unknown = JSON.parse(line);
    const version = exportVersion(value);
    if (version !== null && version !== 1) {
      throw new NaniteError(
        'bad-file',
        `it was exported by another version of Nanite, in format ${version}`,
        {
          hint: 'this one reads format 1: export it again there with this version, or upgrade this one',
        },
      );
    }
    header = ExportHeader.parse(value);
  } catch (cause) {
    if (cause instanceof NaniteError) throw cause;
    throw notOurs('the file', cause);
  }
  if (root.length > 0 && root.length !== header.roots.length) {
    const had = header.roots.join(', ');
    throw new NaniteError('usage', `the collection has ${counted(header.roots.length, 'folder')}: ${had}`, {
      hint: 'name each with --root, in that order',
    });
  }
  return {
    ...header,
    name: name ?? header.name,
    roots: root.length > 0 ? root.map((folder) => resolve(folder)) : header.roots,
  };
}

const notOurs = (file: string, cause?: unknown) =>
  new NaniteError('bad-file', `${file} is not an exported collection, or it is damaged`, { cause });
