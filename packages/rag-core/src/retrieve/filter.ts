import type { SearchFilter } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import picomatch from 'picomatch';
import type { Database } from '../store';
import type { Value } from '../store';

/** What narrows a search, as SQL over `chunks c JOIN files f`. */
export interface Narrowed {
  /** Ids of the collections that are searched. */
  collections: number[];
  /** Whether these are all that there are. */
  everywhere: boolean;
  /** Condition beside that on collections; null: none. */
  condition: string | null;
  values: Value[];
  /** The only files that are searched, as a JSON array of ids; null: all. */
  files: string | null;
}

/**
 * @param only ids of the files that may be searched; null: all
 * @throws NaniteError `no-such-collection`
 */
export async function narrowed(
  database: Database,
  filter: SearchFilter,
  only: readonly number[] | null = null,
): Promise<Narrowed> {
  const all = await database.all<{ id: number; name: string }>('SELECT id, name FROM collections');
  const wanted = filter.collections?.map((name) => {
    const found = all.find((collection) => collection.name === name);
    if (found === undefined) {
      throw new NaniteError('no-such-collection', `there is no collection ${name}`, {
        hint: `there are: ${all.map((each) => each.name).join(', ') || 'none'}`,
        status: 404,
      });
    }
    return found.id;
  });
  const collections = [...new Set(wanted ?? all.map(({ id }) => id))];
  const conditions: string[] = [];
  const values: Value[] = [];
  const files = only === null ? null : JSON.stringify(only);
  if (files !== null) {
    conditions.push('f.id IN (SELECT value FROM json_each(?))');
    values.push(files);
  }
  if (filter.types !== undefined) {
    conditions.push('f.type IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(filter.types));
  }
  if (filter.after !== undefined) {
    conditions.push('f.modified >= ?');
    values.push(Date.parse(filter.after));
  }
  if (filter.before !== undefined) {
    conditions.push('f.modified < ?');
    values.push(Date.parse(filter.before));
  }
  if (filter.path !== undefined) {
    conditions.push('f.id IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(await filesBelow(database, collections, filter.path)));
  }
  return {
    collections,
    everywhere: collections.length === all.length,
    condition: conditions.length === 0 ? null : conditions.join(' AND '),
    values,
    files,
  };
}

async function filesBelow(
  database: Database,
  collections: readonly number[],
  glob: string,
): Promise<number[]> {
  const files = await database.all<{ id: number; path: Buffer; root: Buffer }>(
    `SELECT f.id, f.path, r.path AS root FROM files f JOIN roots r ON r.id = f.root
     WHERE f.collection IN (SELECT value FROM json_each(?))`,
    JSON.stringify(collections),
  );
  const matches = picomatch(glob, { dot: true, nobrace: false });
  return files
    .filter(({ path, root }) => {
      const whole = path.toString();
      return matches(whole) || whole === glob || matches(path.subarray(root.length + 1).toString());
    })
    .map(({ id }) => id);
}
