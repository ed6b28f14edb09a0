/**
 * What scores of hits rest on, and whether the hits answer: PLAN.json. Each collection is asked its own questions, those of others that
 * share its documents, and those of strangers, which nothing in it answers. For the bench `calibrate`.
 */
import { readFileSync } from 'node:fs';
import { GatewayEmbedder } from '../src/embed';
import { documentsOf } from '../src/eval/evaluate';
import { readDataSet } from '../src/eval/read-data-set';
import { throwAway } from '../src/eval/throw-away';
import { retrieve } from '../src/retrieve';
import { scoreByWords } from '../src/retrieve/bm25';
import { readCandidates, weightedText } from '../src/retrieve/candidates';
import { dot } from '../src/retrieve/dense';
import { narrowed } from '../src/retrieve/filter';
import { termsOf } from '../src/retrieve/terms';
import { Chroma } from '../src/vectors';

interface Plan {
  model: string;
  folders: Record<string, string>;
  collections: Array<{ name: string; sharers: string[]; strangers: string[] }>;
}

interface Seen {
  collection: string;
  asked: string;
  /** Position of the question among its own. */
  question: number;
  cosine: number;
  coverage: number;
  relevant: boolean;
}

const { model, folders, collections } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Plan;
const signal = new AbortController().signal;
const embedder = new GatewayEmbedder({ model });
const data = new Map(
  await Promise.all(
    Object.entries(folders).map(async ([name, folder]) => [name, await readDataSet(folder)] as const),
  ),
);
const seen: Seen[] = [];
for (const { name, sharers, strangers } of collections) {
  const of = (id: string) => new Chroma(id, model);
  const index = await throwAway(data.get(name)!, embedder, of, () => undefined, signal);
  const { database } = index;
  const narrow = await narrowed(database, {}, null);
  const row = await database.get<{ count: number }>('SELECT count(*) AS count FROM chunks');
  for (const asked of [name, ...sharers, ...strangers]) {
    const { questions, relevant } = data.get(asked)!;
    for (const [question, { id, text }] of questions.entries()) {
      const parts = { ...index, embedder, mayRead: () => Promise.resolve(true) };
      const wanted = { query: text, limit: 5, filter: {}, mode: 'hybrid' } as const;
      const { hits } = await retrieve(wanted, parts, signal);
      const [vector] = await embedder.embed([text], 'question', signal);
      const ids = hits.map(({ passage }) => passage.id);
      const found = await readCandidates(database, ids, narrow, true);
      const words = scoreByWords(await termsOf(database, text), found.map(weightedText), row!.count);
      for (const [at, candidate] of found.entries()) {
        const hit = hits.find(({ passage }) => passage.id === candidate.id)!;
        seen.push({
          ...{ collection: name, asked, question },
          cosine: dot(vector!, candidate.vector!),
          coverage: words[at]!.coverage,
          relevant:
            !strangers.includes(asked) &&
            documentsOf([hit]).some((document) => relevant.get(id)!.has(document)),
        });
      }
    }
  }
  await index.close();
}
process.stdout.write(JSON.stringify(seen));
