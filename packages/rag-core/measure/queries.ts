/**
 * Time searches in an index of many chunks, end to end: the question is embedded by the gateway, the words found by SQLite,
 * the vectors by Chroma. Bundled by the benches `query` and `typing` of tools/bench and run in a machine as a person.
 *
 * Arguments: real texts (JSON: [{title, text}]), questions (JSON: string[]), chunks wanted, rounds, and `typing` where the
 * questions are typed, letter by letter.
 */
import { readFileSync } from 'node:fs';
import { GatewayReranker, retrieve } from '../src/retrieve';
import { fill, type Real } from './fill';

const [textsFile, questionsFile, wantedText, roundsText, what] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string | undefined,
];
const real = JSON.parse(readFileSync(textsFile, 'utf8')) as Real[];
const questions = JSON.parse(readFileSync(questionsFile, 'utf8')) as string[];
const wanted = Number(wantedText);
const signal = new AbortController().signal;
const typing = what === 'typing';
const { database, vectors, embedder, seconds: filled } = await fill(real, wanted, typing ? 10 : 1);

// As what ships: it looks for a reranker, and there is none.
const reranker = new GatewayReranker({ model: 'auto' });
const parts = { database, vectors, embedder, reranker, mayRead: () => Promise.resolve(true) };
type Mode = 'hybrid' | 'sparse' | 'dense' | 'names';
const time = async (query: string, mode: Mode, mayMiss = false) => {
  const before = performance.now();
  const { hits, notes } = await retrieve({ query, limit: 10, filter: {}, mode }, parts, signal);
  if ((hits.length === 0 && !mayMiss) || notes.length > 0)
    throw new Error(`a question found nothing: ${query} ${notes.join()}`);
  return performance.now() - before;
};
/** A question as it grows under the fingers, from its third letter, two words of it. */
const typed = (question: string): string[] => {
  const whole = question.split(/\s+/).slice(0, 2).join(' ');
  return Array.from({ length: Math.max(0, whole.length - 2) }, (_, at) => whole.slice(0, at + 3));
};
for (const query of questions.slice(0, 20)) await time(query, 'hybrid');
const taken: Record<string, number[]> = { hybrid: [], sparse: [], dense: [], embed: [], names: [] };
for (let round = 0; round < Number(roundsText); round++) {
  for (const query of questions) {
    if (typing) {
      for (const begun of typed(query)) {
        for (const mode of ['names', 'hybrid'] as const) taken[mode]!.push(await time(begun, mode, true));
      }
      continue;
    }
    for (const mode of ['hybrid', 'sparse', 'dense'] as const) taken[mode]!.push(await time(query, mode));
    const before = performance.now();
    await embedder.embed([query], 'question', signal);
    taken['embed']!.push(performance.now() - before);
  }
}
process.stdout.write(JSON.stringify({ chunks: wanted, filled, rss: process.memoryUsage().rss, taken }));
await vectors.keepOnly([]);
await database.close();
