/** Fills an index and a Chroma with many chunks, for the benches `query` and `typing` of tools/bench. */
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { GatewayEmbedder } from '../src/embed';
import { openDatabase, type Database } from '../src/store';
import { Chroma, prepareVectors, VectorKeeper } from '../src/vectors';

export interface Real {
  title: string;
  text: string;
}

export interface Filled {
  database: Database;
  vectors: Chroma;
  embedder: GatewayEmbedder;
  /** Seconds that Chroma took to take the vectors. */
  seconds: number;
}

const say = (message: string) => process.stderr.write(`${message}\n`);

/**
 * New combinations of sentences of real texts, at real frequencies; vectors real for the texts and turned a little for the
 * combinations, as far as passages of one subject are from each other.
 *
 * @param wanted chunks
 * @param perFile chunks of one file; its name is made of words of its title
 */
export async function fill(real: readonly Real[], wanted: number, perFile: number): Promise<Filled> {
  const signal = new AbortController().signal;
  const embedder = new GatewayEmbedder({ model: 'bge-small' });
  // Numbers that repeat from run to run.
  let state = 42;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const sentences = real.map(({ text }) => text.split(/(?<=\.)\s+/));
  const invented = (at: number): string => {
    const own = sentences[at % sentences.length]!;
    const other = sentences[Math.floor(random() * sentences.length)]!;
    return [...own.slice(0, 3), ...other.slice(-3), `section ${Math.floor(at / sentences.length)}`].join(' ');
  };
  const turned = (vector: Float32Array): Float32Array => {
    const other = vector.map((component) => component + (random() - 0.5) * 0.09);
    const length = Math.hypot(...other);
    return other.map((component) => component / length);
  };

  const { database } = await openDatabase(join(mkdtempSync(join(tmpdir(), 'bench-')), 'index.db'));
  const vectors = new Chroma(await prepareVectors(database, embedder.model), embedder.model);
  const bases = await embedder.embed(
    real.map(({ title, text }) => `${title}\n${text}`),
    'passage',
    signal,
  );
  say(`${bases.length} texts embedded`);
  await database.transaction(async (within) => {
    await within.run("INSERT INTO collections (name, options, created) VALUES ('bench', '{}', '')");
    await within.run('INSERT INTO roots (collection, path) VALUES (1, ?)', Buffer.from('/'));
    let file = 0;
    for (let at = 0; at < wanted; at++) {
      if (at % perFile === 0) {
        const { title } = real[(at / perFile) % real.length]!;
        const name = `${title.split(/\W+/).slice(0, 4).join('-')}-${at}.txt`;
        const inserted = await within.run(
          `INSERT INTO files (root, collection, path, folder, identity, ctime, size, modified, type, title, state, indexed)
           VALUES (1, 1, ?, ?, '', '', 0, 0, 'text', ?, 'indexed', '')`,
          Buffer.from(`/${name}`),
          Buffer.from('/'),
          title,
        );
        file = inserted.lastId;
        await within.run('INSERT INTO names_fts (rowid, name, title) VALUES (?, ?, ?)', file, name, title);
      }
      const text = invented(at);
      const chunk = await within.run(
        `INSERT INTO chunks (file, collection, ordinal, text, headings, place, kind, hash) VALUES (?, 1, ?, ?, '[]', '{"kind":"whole"}', 'prose', ?)`,
        file,
        at % perFile,
        text,
        createHash('sha256').update(text).digest('hex'),
      );
      await within.run(
        'INSERT INTO vectors (chunk, text, vector) VALUES (?, ?, ?)',
        chunk.lastId,
        Buffer.from(String(at)),
        Buffer.from(turned(bases[at % bases.length]!).buffer),
      );
    }
  });
  say('index filled');
  const keeper = new VectorKeeper({ database, vectors, embedder, log: createLog() });
  const started = performance.now();
  for (let moved = 1; moved > 0;) moved = await keeper.some(signal);
  const seconds = (performance.now() - started) / 1000;
  say(`Chroma filled in ${seconds.toFixed(0)} s`);
  return { database, vectors, embedder, seconds };
}
