import { FileType, formatCitation, Place, type Hit, type SearchRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { VectorHit } from '../vectors';
import { scoreByWords } from './bm25';
import { readCandidates, weightedText } from './candidates';
import { denseCandidates, dot } from './dense';
import { narrowed, type Narrowed } from './filter';
import { byWordsAndParts, feedbackPassages, fused, movedTowards, standardised, type Teacher } from './fusion';
import { nameCandidates } from './names';
import type { Candidate, RetrieveParts } from './parts';
import { scorerOf, type Scorer } from './probability';
import { mostReranked, reranked } from './rerank';
import { sparseCandidates, typedCandidates } from './sparse';
import { scoreByTeachersWords, teachersWordsWeight } from './teachers-words';
import { termsOf, type Term } from './terms';

/** Candidates of each kind of search: recall at 100 needs more than 100, and each costs a tenth of a millisecond. */
const most = 200;
/** While somebody types, the first few are looked at, and all of it happens again with the next letter. */
const mostTyped = 60;
/** Passages whose words the question learns; those whose vectors it does are the first of them. */
const wordTeachers = 10;
/** What a file's name is worth among standardised scores: a name that was meant stands before a text that mentions it. */
const nameBonus = 2;

/** What is looked for, in one index. */
export type Wanted = Omit<SearchRequest, 'scope'>;

export interface Retrieved {
  hits: Hit[];
  /** What did not take part and why, for people. */
  notes: string[];
}

/**
 * Find passages. Words (BM25) and meaning (cosine of vectors) name candidates; both judge all of them; the best of a
 * first look move the question, which is then compared again; equal passages are folded into one hit, and what may not
 * be read is left out at this moment, whatever the index knows.
 *
 * @throws NaniteError `no-such-collection`, `vectors-down` and others of the embedder where only meaning was asked for;
 * the signal's reason
 */
export async function retrieve(
  request: Wanted,
  parts: RetrieveParts,
  signal: AbortSignal,
): Promise<Retrieved> {
  const { database } = parts;
  const { mode } = request;
  const notes: string[] = [];
  const narrow = await narrowed(database, request.filter, parts.files ?? null);
  if (narrow.collections.length === 0) return { hits: [], notes };
  const amount = Math.max(mode === 'names' ? mostTyped : most, request.limit * 2);

  const reranker = mode === 'hybrid' ? (parts.reranker ?? null) : null;
  const [words, meaning, names, ranks] = await Promise.all([
    mode === 'dense' ? null : byWords(parts, request, narrow, amount),
    mode === 'sparse' ? null : byMeaning(parts, request, narrow, amount, notes, signal),
    mode === 'names' ? nameCandidates(database, request.query, narrow, amount) : [],
    reranker?.ready(signal) ?? false,
  ]);
  signal.throwIfAborted();

  const ids = new Set([...(words?.ids ?? []), ...(meaning?.hits ?? []).map(({ chunk }) => chunk), ...names]);
  const candidates = await readCandidates(database, [...ids], narrow, meaning !== null);
  if (meaning !== null && narrow.condition === null && candidates.length < ids.size) parts.stale?.();
  await judge(candidates, words, meaning, names, narrow, parts);
  signal.throwIfAborted();

  const readable = onceEach((path) => parts.mayRead(path));
  const order = await ordered(candidates, mode, meaning?.question ?? null, readable);
  const folded = await fold(
    order,
    Math.max(request.limit, ranks ? mostReranked : 0),
    readable,
    scorerOf(parts.embedder.model),
  );
  const inOrder = reranker && ranks ? await reranked(folded, request.query, reranker, notes, signal) : folded;
  const hits = inOrder.slice(0, request.limit);
  if (meaning !== null && mode === 'hybrid') notes.push(...withoutMeaning(hits));
  return { hits, notes };
}

interface ByWords {
  terms: Term[];
  ids: number[];
}

async function byWords(
  { database }: RetrieveParts,
  request: Wanted,
  narrow: Narrowed,
  amount: number,
): Promise<ByWords> {
  const terms = await termsOf(database, request.query, narrow.files);
  const candidates = request.mode === 'names' ? typedCandidates : sparseCandidates;
  return { terms, ids: await candidates(database, terms, narrow, amount) };
}

interface ByMeaning {
  question: Float32Array;
  hits: VectorHit[];
}

async function byMeaning(
  { database, embedder, vectors }: RetrieveParts,
  request: Wanted,
  narrow: Narrowed,
  amount: number,
  notes: string[],
  signal: AbortSignal,
): Promise<ByMeaning | null> {
  try {
    const [question] = await embedder.embed([request.query], 'question', signal);
    if (question === undefined) return null;
    return { question, hits: await denseCandidates(database, vectors, question, narrow, amount) };
  } catch (error) {
    signal.throwIfAborted();
    // What computes or holds vectors may be down: words are still found, and it is said.
    if (!(error instanceof NaniteError) || error.status !== 503 || request.mode === 'dense') throw error;
    notes.push(`not searched by meaning: ${error.message}${error.hint === null ? '' : ` (${error.hint})`}`);
    return null;
  }
}

/**
 * What is indexed is found by its words at once, and by its meaning when its vectors are made: until then it is said. Of
 * hits only: how many others there are is nothing for who may not read them.
 */
function withoutMeaning(hits: readonly Hit[]): string[] {
  const some = hits.filter(({ ranks }) => ranks.dense === null).length;
  if (some === 0) return [];
  const [what, they] = some === 1 ? ['1 passage', 'it was'] : [`${some} passages`, 'they were'];
  return [`the meaning of ${what} is not known yet: ${they} found by words alone`];
}

/** Score every candidate by words and by meaning, whichever search named it. */
async function judge(
  candidates: Candidate[],
  words: ByWords | null,
  meaning: ByMeaning | null,
  names: readonly number[],
  { files }: Narrowed,
  { database }: RetrieveParts,
): Promise<void> {
  if (words !== null) {
    const row = await (files === null
      ? database.get<{ count: number }>('SELECT count(*) AS count FROM chunks')
      : database.get<{ count: number }>(
          'SELECT count(*) AS count FROM chunks WHERE file IN (SELECT value FROM json_each(?))',
          files,
        ));
    const scores = scoreByWords(words.terms, candidates.map(weightedText), row?.count ?? 0);
    candidates.forEach((candidate, at) => {
      candidate.sparse = scores[at]!.score;
      candidate.parts = scores[at]!.parts;
      candidate.stems = scores[at]!.stems;
      candidate.coverage = scores[at]!.coverage;
    });
  }
  if (meaning !== null) {
    const found = new Map(meaning.hits.map(({ chunk, score }) => [chunk, score]));
    for (const candidate of candidates) {
      const { vector } = candidate;
      candidate.dense = vector === null ? (found.get(candidate.id) ?? null) : dot(meaning.question, vector);
    }
  }
  rank(candidates, 'sparse', (candidate) => (candidate.sparse > 0 ? candidate.sparse : null));
  rank(candidates, 'dense', ({ dense }) => dense);
  const named = new Map(names.map((id, at) => [id, at + 1]));
  for (const candidate of candidates) candidate.ranks.name = named.get(candidate.id) ?? null;
}

/** Equally good ones in the order of their paths, not in the order in which they happened to be indexed. */
const byPath = (a: Candidate, c: Candidate): number => Buffer.compare(a.path, c.path) || a.id - c.id;

function rank(
  candidates: readonly Candidate[],
  kind: 'sparse' | 'dense',
  scoreOf: (candidate: Candidate) => number | null,
): void {
  candidates
    .filter((candidate) => scoreOf(candidate) !== null)
    .sort((a, c) => scoreOf(c)! - scoreOf(a)! || byPath(a, c))
    .forEach((candidate, at) => (candidate.ranks[kind] = at + 1));
}

type MayRead = (path: Buffer) => Promise<boolean>;

/** Ask once for each file. */
function onceEach(mayRead: MayRead): MayRead {
  const answers = new Map<string, Promise<boolean>>();
  return (path) => {
    const name = path.toString('latin1');
    let answer = answers.get(name);
    if (answer === undefined) answers.set(name, (answer = mayRead(path)));
    return answer;
  };
}

async function ordered(
  candidates: readonly Candidate[],
  mode: SearchRequest['mode'],
  question: Float32Array | null,
  mayRead: MayRead,
): Promise<Candidate[]> {
  if (mode === 'sparse' || mode === 'dense') return byRank(candidates, mode);
  const bySparse = byWordsAndParts(
    candidates.map(({ sparse }) => sparse),
    candidates.map(({ parts }) => parts),
  );
  const bonus = candidates.map(({ ranks: { name } }) => (name === null ? 0 : nameBonus / Math.sqrt(name)));
  const add = (scores: number[]) => scores.map((score, at) => score + bonus[at]!);
  let scores = add(
    fused(
      bySparse,
      candidates.map(({ dense }) => dense),
    ),
  );
  if (question !== null) {
    const teachers = await firstReadable(candidates, scores, mayRead);
    const moved = movedTowards(
      question,
      teachers
        .flatMap(({ vector, score }): Teacher[] => (vector === null ? [] : [{ vector, score }]))
        .slice(0, feedbackPassages),
    );
    const cosines = candidates.map(({ vector, dense }) => (vector === null ? dense : dot(moved, vector)));
    scores = add(fused(bySparse, cosines));
    // As one types there are few candidates, and no time.
    if (mode === 'hybrid') {
      const taught = standardised(
        scoreByTeachersWords(
          candidates.map(({ stems }) => stems),
          teachers,
        ),
      );
      scores = scores.map((score, at) => score + teachersWordsWeight * taught[at]!);
    }
  }
  return sorted(candidates, scores);
}

const byRank = (candidates: readonly Candidate[], kind: 'sparse' | 'dense'): Candidate[] =>
  candidates.filter(({ ranks }) => ranks[kind] !== null).sort((a, c) => a.ranks[kind]! - c.ranks[kind]!);

/** Candidates with their scores, the best first. */
const best = (candidates: readonly Candidate[], scores: readonly number[]) =>
  candidates
    .map((candidate, at) => ({ candidate, score: scores[at]! }))
    .sort((a, c) => c.score - a.score || byPath(a.candidate, c.candidate));

const sorted = (candidates: readonly Candidate[], scores: readonly number[]): Candidate[] =>
  best(candidates, scores).map(({ candidate }) => candidate);

/** A passage that the question learns from: the first few from their vectors, all of them from their words. */
interface Learnt {
  at: number;
  vector: Float32Array | null;
  score: number;
}

/** The first passages; what may not be read teaches nothing either, and equal passages teach once. */
async function firstReadable(
  candidates: readonly Candidate[],
  scores: readonly number[],
  mayRead: MayRead,
): Promise<Learnt[]> {
  const positions = new Map(candidates.map(({ id }, at) => [id, at]));
  const found = new Map<string, Learnt>();
  for (const {
    candidate: { id, hash, path, vector },
    score,
  } of best(candidates, scores)) {
    if (found.has(hash) || !(await mayRead(path))) continue;
    found.set(hash, { at: positions.get(id)!, vector, score });
    if (found.size === wordTeachers) break;
  }
  return [...found.values()];
}

/**
 * Hits in order, each passage once, without what may not be read.
 *
 * @param score how probable a hit is
 */
async function fold(
  order: readonly Candidate[],
  limit: number,
  mayRead: MayRead,
  score: Scorer,
): Promise<Hit[]> {
  const hits = new Map<string, Hit>();
  for (const candidate of order) {
    const before = hits.get(candidate.hash);
    if (before === undefined && hits.size === limit) continue;
    if (!(await mayRead(candidate.path))) continue;
    if (before === undefined) hits.set(candidate.hash, hitOf(candidate, score));
    else before.duplicates.push(addressOf(candidate));
  }
  return [...hits.values()];
}

const addressOf = ({ path, place }: Candidate): string =>
  formatCitation({ path, place: Place.parse(JSON.parse(place)) });

function hitOf(candidate: Candidate, score: Scorer): Hit {
  const { id, collection, path, type, title, headings, place, symbol, text, modified, ranks } = candidate;
  return {
    passage: {
      id,
      collection,
      path: path.toString(),
      uri: addressOf(candidate),
      type: FileType.parse(type),
      title,
      headings: JSON.parse(headings) as string[],
      place: Place.parse(JSON.parse(place)),
      symbol,
      text,
      modified: new Date(modified).toISOString(),
    },
    score: score(candidate.dense, candidate.coverage),
    ranks,
    duplicates: [],
  };
}
