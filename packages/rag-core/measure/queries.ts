/**
 * Fill an index and a Chroma with many chunks and time searches, end to end: the question is embedded by the gateway, the
 * words found by SQLite, the vectors by Chroma. Bundled by the bench 'query' of tools/bench and run in a machine as a person.
 *
 * Arguments: real texts (JSON: [{title, text}]), questions (JSON: string[]), chunks wanted, rounds.
 */
import { readFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { createLog } from '@nanite/kit';
import { GatewayEmbedder } from '../src/embed';
import { GatewayReranker, retrieve } from '../src/retrieve';
import { openDatabase } from '../src/store';
import { Chroma, prepareVectors, VectorKeeper } from '../src/vectors';

interface Real {
  title: string;
  text: string;
}

const [textsFile, questionsFile, wantedText, roundsText] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const real = JSON.parse(readFileSync(textsFile, 'utf8')) as Real[];
const questions = JSON.parse(readFileSync(questionsFile, 'utf8')) as string[];
const wanted = Number(wantedText);
const signal = new AbortController().signal;
const embedder = new GatewayEmbedder({ model: 'bge-small' });
const say = (message: string) => process.stderr.write(`${message}\n`);

/** Numbers that repeat from run to run. */
let state = 42;
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

/** Sentences of one real text among those of others: new combinations of real words, at real frequencies. */
const sentences = real.map(({ text }) => text.split(/(?<=\.)\s+/));
function invented(at: number): string {
  const own = sentences[at % sentences.length]!;
  const other = sentences[Math.floor(random() * sentences.length)]!;
  return [...own.slice(0, 3), ...other.slice(-3), `section ${Math.floor(at / sentences.length)}`].join(' ');
}

/** A real vector a little turned: as far from it as passages of one subject are from each other. */
function turned(vector: Float32Array): Float32Array {
  const other = vector.map((component) => component + (random() - 0.5) * 0.09);
  const length = Math.hypot(...other);
  return other.map((component) => component / length);
}

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
  for (let at = 0; at < wanted; at++) {
    const { title } = real[at % real.length]!;
    const file = await within.run(
      `INSERT INTO files (root, collection, path, folder, identity, ctime, size, modified, type, title, state, indexed)
       VALUES (1, 1, ?, ?, '', '', 0, 0, 'text', ?, 'indexed', '')`,
      Buffer.from(`/${at}`),
      Buffer.from('/'),
      title,
    );
    const text = invented(at);
    const chunk = await within.run(
      `INSERT INTO chunks (file, collection, ordinal, text, headings, place, kind, hash) VALUES (?, 1, 0, ?, '[]', '{"kind":"whole"}', 'prose', ?)`,
      file.lastId,
      text,
      createHash('sha256').update(text).digest('hex'),
    );
    const vector = turned(bases[at % bases.length]!);
    await within.run(
      'INSERT INTO vectors (chunk, text, vector) VALUES (?, ?, ?)',
      chunk.lastId,
      Buffer.from(String(at)),
      Buffer.from(vector.buffer),
    );
  }
});
say('index filled');
const keeper = new VectorKeeper({ database, vectors, embedder, log: createLog() });
const started = performance.now();
for (let moved = 1; moved > 0;) moved = await keeper.some(signal);
const filled = (performance.now() - started) / 1000;
say(`Chroma filled in ${filled.toFixed(0)} s`);

// As what ships: it looks for a reranker, and there is none.
const reranker = new GatewayReranker({ model: 'auto' });
const parts = { database, vectors, embedder, reranker, mayRead: () => Promise.resolve(true) };
const time = async (query: string, mode: 'hybrid' | 'sparse' | 'dense') => {
  const before = performance.now();
  const { hits, notes } = await retrieve({ query, limit: 10, filter: {}, mode }, parts, signal);
  if (hits.length === 0 || notes.length > 0)
    throw new Error(`a question found nothing: ${query} ${notes.join()}`);
  return performance.now() - before;
};
for (const query of questions.slice(0, 20)) await time(query, 'hybrid');
const taken: Record<string, number[]> = { hybrid: [], sparse: [], dense: [], embed: [] };
for (let round = 0; round < Number(roundsText); round++) {
  for (const query of questions) {
    for (const mode of ['hybrid', 'sparse', 'dense'] as const) taken[mode]!.push(await time(query, mode));
    const before = performance.now();
    await embedder.embed([query], 'question', signal);
    taken['embed']!.push(performance.now() - before);
  }
}
process.stdout.write(JSON.stringify({ chunks: wanted, filled, rss: process.memoryUsage().rss, taken }));
await vectors.keepOnly([]);
await database.close();
