import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { ExportedVector, ExportHeader, exportVersion } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Collections } from '../index/index';
import type { Database } from '../store';

/** Vectors that are written in one transaction. */
const atOnce = 500;

/** Days after which brought vectors that no text has asked for are forgotten. */
const keptDays = 30;

/** Longer lines are none of ours: a vector of 8,192 components has 44,000 characters. */
const longestLine = 100_000;

export interface Imported {
  name: string;
  vectors: number;
  notes: string[];
}

/**
 * Make an exported collection again. Its files are read here as if it were new; texts whose vectors were brought need
 * none computed. So nothing of an export is ever quoted: a false one can make search worse, and cannot change what a file
 * is said to say.
 *
 * @throws NaniteError `bad-export` 400, `collection-exists` 409, and those of {@link Collections.put}
 */
export async function importCollection(
  lines: Readable,
  database: Database,
  collections: Collections,
  model: string,
): Promise<Imported> {
  let header: ExportHeader | null = null;
  let batch: Array<{ text: Buffer; vector: Buffer }> = [];
  let count = 0;
  const write = async () => {
    const rows = batch;
    batch = [];
    count += rows.length;
    await database.transaction(async (within) => {
      for (const { text, vector } of rows) {
        await within.run(
          'INSERT OR REPLACE INTO vectors_brought (text, vector, brought) VALUES (?, ?, ?)',
          text,
          vector,
          Date.now(),
        );
      }
    });
  };
  await database.run('DELETE FROM vectors_brought WHERE brought < ?', Date.now() - keptDays * 86_400_000);
  // Made only now: readline loses the lines that come before somebody reads them.
  for await (const line of createInterface({ input: lines, crlfDelay: Infinity })) {
    if (header === null) {
      header = headerOf(line);
      const { name } = header;
      if ((await collections.list()).some((one) => one.name === name)) {
        throw new NaniteError('collection-exists', `there is already a collection ${name}`, {
          status: 409,
          hint: 'give the import another name',
        });
      }
      await collections.check(header.roots);
    } else if (header.model === model) {
      const { text, vector } = parsed(ExportedVector, line, 'one of its lines is not a vector');
      const bytes = Buffer.from(vector, 'base64');
      if (bytes.length !== header.components * Float32Array.BYTES_PER_ELEMENT) {
        throw bad('one of its vectors does not have the length it states');
      }
      batch.push({ text: Buffer.from(text, 'base64'), vector: bytes });
      if (batch.length === atOnce) await write();
    }
  }
  if (header === null) throw bad('it is empty');
  await write();
  const { name, roots, include, exclude, gitignore } = header;
  await collections.put(name, { roots, include, exclude, gitignore });
  const notes =
    header.model === model
      ? []
      : [
          `its vectors come from the model ${header.model}, and this index uses ${model}: they are computed again`,
        ];
  return { name, vectors: count, notes };
}

/** @throws NaniteError `bad-export` 400 */
function headerOf(line: string): ExportHeader {
  const why = 'it does not begin as an export of nanite-rag does';
  const version = exportVersion(jsonOf(line, why));
  if (version !== null && version !== 1) {
    throw bad(`it is of another version of Nanite, in format ${version}, and this one reads format 1`);
  }
  return parsed(ExportHeader, line, why);
}

function parsed<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown } },
  line: string,
  why: string,
): T {
  const result = schema.safeParse(jsonOf(line, why));
  if (!result.success) throw bad(why, result.error);
  return result.data;
}

function jsonOf(line: string, why: string): unknown {
  if (line.length > longestLine) throw bad(why);
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw bad(why, cause);
  }
}

const bad = (why: string, cause?: unknown) =>
  new NaniteError('bad-export', `this is not an exported collection: ${why}`, { status: 400, cause });
