import { createHash, randomBytes } from 'node:crypto';
import type { KnowledgeSettings } from '@nanite/contracts';
import { describeError, NaniteError, type Log } from '@nanite/kit';
import type { Embedder } from '../embed';
import type { VectorWork } from '../index/parts';
import type { Database } from '../store';
import { fromBlob, toBlob } from './blob';
import { passageText } from './passage-text';
import type { Vectors } from './vectors';

/** Chunks of one step: enough that texts of like length meet, few enough that a stop is not waited for. */
const perStep = 128;

interface Row {
  id: number;
  collection: number;
  text: string;
  headings: string;
  title: string | null;
}

/** What a vector was made of, so that the same text is never computed twice. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest().subarray(0, 16);

const factOf = async (database: Database, name: string): Promise<string | undefined> =>
  (await database.get<{ value: string }>('SELECT value FROM facts WHERE name = ?', name))?.value;

/**
 * The model of this index's vectors.
 *
 * @param wanted as the settings have it; `auto`: the model of the vectors that there are, so that nothing but a person's word has all
 * of them made anew: no upgrade, no other language, no model that was installed or removed
 * @param usual what it is where there are none
 */
export async function modelFor(
  database: Database,
  wanted: KnowledgeSettings['embedding'],
  usual: string,
): Promise<string> {
  if (wanted !== 'auto') return wanted;
  const any = await database.get(
    'SELECT 1 WHERE EXISTS (SELECT 1 FROM vectors) OR EXISTS (SELECT 1 FROM vectors_brought)',
  );
  return (any === undefined ? undefined : await factOf(database, 'vectors-model')) ?? usual;
}

/**
 * Name of this index towards Chroma, and its vectors' model. A new model means new vectors for everything.
 *
 * @returns a name for {@link Chroma}
 */
export async function prepareVectors(database: Database, model: string): Promise<string> {
  return database.transaction(async (within) => {
    const set = (name: string, value: string) =>
      within.run('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)', name, value);
    let index = await factOf(within, 'vectors-index');
    if (index === undefined) await set('vectors-index', (index = randomBytes(6).toString('hex')));
    if ((await factOf(within, 'vectors-model')) !== model) {
      await within.run('DELETE FROM vectors');
      await within.run('DELETE FROM vectors_brought');
      await within.run('UPDATE chunks SET vector = 0 WHERE vector = 1');
      await set('vectors-model', model);
    }
    return index;
  });
}

/**
 * Makes the vectors of new chunks and keeps Chroma equal to the index.
 *
 * SQLite is the truth: it keeps each vector and whether Chroma holds it. Chroma gets a vector before SQLite notes that,
 * and loses one before SQLite forgets that it must; so whatever is cut off is done again, and doing it twice changes
 * nothing. What Chroma lost by itself (its data deleted, a power cut) shows as another count, and is given to it again
 * without computing anything.
 */
export class VectorKeeper implements VectorWork {
  private compared = false;
  /** Whether what Chroma holds was as the index has it when the service ended. */
  private trusted = false;
  down = false;

  constructor(
    private readonly parts: { database: Database; vectors: Vectors; embedder: Embedder; log: Log },
  ) {}

  async some(signal: AbortSignal): Promise<number> {
    // Computing and keeping are apart: where Chroma is down vectors are still made, and where the gateway is, Chroma
    // still gets those that there are.
    this.down = false;
    const computed = await this.attempt(
      'the meaning of texts is not computed',
      () => this.compute(signal),
      signal,
    );
    const kept = await this.attempt('vectors are not kept', () => this.keep(signal), signal);
    return computed + kept;
  }

  /** The service ended in order: Chroma, which may rest, is not started only to compare with it. */
  trust(): void {
    this.trusted = true;
  }

  /** Compare with Chroma again at the next step: it was away, or a search found something that is not in the index. */
  doubt(): void {
    this.compared = false;
    this.trusted = false;
  }

  private async attempt(what: string, work: () => Promise<number>, signal: AbortSignal): Promise<number> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      // The database's own faults are the indexer's matter.
      if (!(error instanceof NaniteError) || error.status !== 503) throw error;
      this.parts.log.warning(what, { cause: describeError(error) });
      this.down = true;
      this.doubt();
      return 0;
    }
  }

  private async compute(signal: AbortSignal): Promise<number> {
    const { database, embedder } = this.parts;
    const rows = await database.all<Row>(
      `SELECT c.id, c.collection, c.text, c.headings, f.title FROM chunks c JOIN files f ON f.id = c.file
       WHERE c.vector = 0 AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.chunk = c.id) ORDER BY c.id LIMIT ?`,
      perStep,
    );
    if (rows.length === 0) return 0;
    const texts = rows.map(passageText);
    const digests = texts.map(digest);
    const vectors = await Promise.all(digests.map((text) => this.sameText(text)));
    const missing = rows.map((_, at) => at).filter((at) => vectors[at] === undefined);
    const made = await embedder.embed(
      missing.map((at) => texts[at]!),
      'passage',
      signal,
    );
    missing.forEach((at, row) => (vectors[at] = toBlob(made[row]!)));
    await database.transaction(async (within) => {
      for (const [at, { id }] of rows.entries()) {
        // Not of a chunk that was deleted meanwhile.
        await within.run(
          'INSERT OR REPLACE INTO vectors (chunk, text, vector) SELECT id, ?, ? FROM chunks WHERE id = ?',
          digests[at]!,
          vectors[at]!,
          id,
        );
      }
    });
    return rows.length;
  }

  /**
   * The vector of the same text: of another chunk, of one that was deleted just now, such as before its file changed, or
   * of an import.
   */
  private async sameText(text: Buffer): Promise<Buffer | undefined> {
    const { database } = this.parts;
    const found = await database.get<{ vector: Buffer }>(
      `SELECT vector FROM vectors WHERE text = ?1
       UNION ALL SELECT vector FROM vectors_brought WHERE text = ?1 LIMIT 1`,
      text,
    );
    return found?.vector;
  }

  private async keep(signal: AbortSignal): Promise<number> {
    const { database, vectors } = this.parts;
    if (!this.compared && !(this.trusted && (await this.nothingToMove()))) await this.compare();
    const gone = await database.all<{ chunk: number; collection: number }>(
      'SELECT chunk, collection FROM vectors_gone LIMIT 1000',
    );
    for (const [collection, chunks] of byCollection(gone, ({ chunk }) => chunk)) {
      await vectors.remove(collection, chunks);
      await this.inParts(chunks, (within, list) =>
        within.run('DELETE FROM vectors_gone WHERE chunk IN (SELECT value FROM json_each(?))', list),
      );
    }
    signal.throwIfAborted();
    const added = await database.all<{ chunk: number; collection: number; vector: Buffer }>(
      `SELECT c.id AS chunk, c.collection, v.vector FROM chunks c JOIN vectors v ON v.chunk = c.id
       WHERE c.vector = 0 ORDER BY c.id LIMIT 1000`,
    );
    for (const [collection, items] of byCollection(added, ({ chunk, vector }) => ({
      chunk,
      vector: fromBlob(vector),
    }))) {
      await vectors.add(collection, items);
      await this.inParts(
        items.map(({ chunk }) => chunk),
        (within, list) =>
          within.run('UPDATE chunks SET vector = 1 WHERE id IN (SELECT value FROM json_each(?))', list),
      );
    }
    if (gone.length + added.length === 0) await this.sweep();
    return gone.length + added.length;
  }

  private async nothingToMove(): Promise<boolean> {
    const { database } = this.parts;
    const found = await database.get(
      `SELECT 1 WHERE EXISTS (SELECT 1 FROM vectors_gone)
         OR EXISTS (SELECT 1 FROM chunks c JOIN vectors v ON v.chunk = c.id WHERE c.vector = 0)`,
    );
    return found === undefined;
  }

  private async inParts(
    chunks: readonly number[],
    work: (within: Database, list: string) => Promise<unknown>,
  ): Promise<void> {
    const { database } = this.parts;
    await database.transaction((within) => work(within, JSON.stringify(chunks)));
  }

  /** Vectors of chunks that are gone: kept so far, for a file that changes keeps most of its text. */
  private async sweep(): Promise<void> {
    const { database } = this.parts;
    const left = await database.get(
      'SELECT 1 FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.id = v.chunk) LIMIT 1',
    );
    if (left === undefined) return;
    await database.run('DELETE FROM vectors WHERE chunk NOT IN (SELECT id FROM chunks)');
  }

  /** Whether Chroma holds what the index believes. */
  private async compare(): Promise<void> {
    const { database, vectors, log } = this.parts;
    const collections = await database.all<{ id: number }>('SELECT id FROM collections');
    await vectors.keepOnly(collections.map(({ id }) => id));
    for (const { id } of collections) {
      const held = await vectors.count(id);
      const row = await database.get<{ count: number }>(
        'SELECT count(*) AS count FROM chunks WHERE collection = ? AND vector = 1',
        id,
      );
      const dying = await database.get<{ count: number }>(
        'SELECT count(*) AS count FROM vectors_gone WHERE collection = ?',
        id,
      );
      if (held === (row?.count ?? 0) + (dying?.count ?? 0)) continue;
      log.notice('Chroma and the index hold different vectors: comparing them', { collection: id });
      await this.reconcile(id, new Set(await vectors.ids(id)));
    }
    // Of collections that are gone, Chroma's are gone whole.
    await database.run('DELETE FROM vectors_gone WHERE collection NOT IN (SELECT id FROM collections)');
    this.compared = true;
  }

  private async reconcile(collection: number, held: ReadonlySet<number>): Promise<void> {
    const { database, vectors } = this.parts;
    const rows = await database.all<{ id: number; vector: number }>(
      'SELECT id, vector FROM chunks WHERE collection = ?',
      collection,
    );
    const lost = rows.filter(({ id, vector }) => vector === 1 && !held.has(id)).map(({ id }) => id);
    const known = new Set(rows.map(({ id }) => id));
    await this.inParts(lost, (within, list) =>
      within.run('UPDATE chunks SET vector = 0 WHERE id IN (SELECT value FROM json_each(?))', list),
    );
    await vectors.remove(
      collection,
      [...held].filter((id) => !known.has(id)),
    );
  }
}

function byCollection<T extends { collection: number }, U>(
  rows: readonly T[],
  item: (row: T) => U,
): Map<number, U[]> {
  const groups = new Map<number, U[]>();
  for (const row of rows) {
    const group = groups.get(row.collection);
    if (group === undefined) groups.set(row.collection, [item(row)]);
    else group.push(item(row));
  }
  return groups;
}
