import { describePlace, type KnowledgeEvent, type Passage } from '@nanite/contracts';
import { exitStatus } from '../exit-status';
import { paint } from '../terminal/paint';
import { PassingLine } from '../terminal/passing-line';
import { sanitise } from '../terminal/sanitise';
import { counted } from '../terminal/format';
import { wrapped } from '../terminal/wrapped';
import { shortPath } from './path';
import { rememberCitations } from './remembered';
import { allKnowledge, scopeOf, type ScopeOptions } from './service';

export interface AskKnowledgeOptions extends ScopeOptions {
  /** Collections to look in; none: all. */
  collections: string[];
  model?: string;
  json: boolean;
}

type Text = Extract<KnowledgeEvent, { event: 'text' }>;
type Done = Extract<KnowledgeEvent, { event: 'done' }>;

/** What `nanite ask --knowledge --json` prints. */
export interface KnowledgeResult {
  answered: boolean;
  /** The sentences in one, each with its citations: `… [1]`. */
  answer: string;
  /** Why there is no answer, or none of the model's. */
  why: string | null;
  sentences: Array<Pick<Text, 'text' | 'citations' | 'quoted'>>;
  /** Cited sources, numbered from 1 as the answer cites them. */
  sources: Array<{ number: number; passage: Passage }>;
  model: string | null;
  dropped: number;
  notes: string[];
}

const marks = ({ citations }: Text) => [...new Set(citations.map(({ number }) => `[${number}]`))].join('');

/** `“…” [1]` for a quotation, `… [1]` for a sentence of the model. */
const withMarks = (text: Text) => `${text.quoted ? `“${text.text}”` : text.text} ${marks(text)}`;

/** `nanite ask --knowledge`. @returns the exit status; 7 where the files do not say */
export async function askKnowledge(
  question: string,
  options: AskKnowledgeOptions,
  signal: AbortSignal,
): Promise<number> {
  const terminal = process.stdout.isTTY === true;
  const clean = terminal ? sanitise : (text: string) => text;
  const { dim } = paint(process.stdout);
  const line = new PassingLine();
  line.show('looking in your files …');
  const sources = new Map<number, Passage>();
  const sentences: Text[] = [];
  let done: Done | null = null;
  try {
    const request = {
      question,
      ...(options.model !== undefined && { model: options.model }),
      filter: options.collections.length > 0 ? { collections: options.collections } : {},
      ...scopeOf(options),
    };
    for await (const event of allKnowledge().ask(request, signal)) {
      if (event.event === 'found') {
        line.show(`reading ${counted(event.passages.length, 'passage')} …`);
      } else if (event.event === 'source') {
        sources.set(event.number, event.passage);
      } else if (event.event === 'text') {
        line.clear();
        if (event.quoted && !options.json && !sentences.some(({ quoted }) => quoted)) {
          process.stdout.write(`${sentences.length > 0 ? '\n' : ''}Closest passages, not an answer:\n`);
        }
        sentences.push(event);
        if (!options.json) process.stdout.write(`${wrapped(clean(withMarks(event)), process.stdout)}\n`);
      } else {
        done = event;
      }
    }
  } finally {
    line.clear();
  }
  if (!done) return exitStatus.error;

  const cited = [...sources].map(([number, passage]) => ({ number, passage }));
  rememberCitations(
    new Map(cited.map(({ number, passage }) => [number, addressesOf(sentences, number)[0] ?? passage.uri])),
  );
  const status = done.answered ? exitStatus.ok : exitStatus.notFound;
  if (options.json) {
    const result: KnowledgeResult = {
      answered: done.answered,
      answer: sentences.map(withMarks).join(' '),
      why: done.why,
      sentences: sentences.map(({ text, citations, quoted }) => ({ text, citations, quoted })),
      sources: cited,
      model: done.model,
      dropped: done.dropped,
      notes: done.notes,
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return status;
  }

  if (!done.answered && sentences.length === 0) process.stdout.write(`${notInFiles(done)}\n`);
  for (const { number, passage } of cited) {
    const place = describePlace(passage.place);
    const where = [
      `${shortPath(passage.path)}${place === '' ? '' : `, ${place}`}`,
      passage.scope === 'team' ? 'team' : '',
      passage.headings.join(' › '),
    ];
    const source = clean(where.filter((part) => part !== '').join(' · '));
    process.stdout.write(`\n${wrapped(source, process.stdout, '    ', `[${number}] `)}\n`);
    for (const quote of quotesOf(sentences, number))
      process.stdout.write(
        `${dim(wrapped(`“${clean(quote).replace(/\s+/g, ' ')}”`, process.stdout, '    '))}\n`,
      );
    for (const uri of addressesOf(sentences, number)) process.stdout.write(`${dim(`    ${uri}`)}\n`);
  }
  const err = paint(process.stderr);
  const told = [...(sentences.length > 0 && done.why !== null ? [done.why] : [])];
  // Where there is no answer, the reason says it of all sentences.
  if (done.answered && done.dropped > 0) {
    told.push(`left out ${counted(done.dropped, 'sentence')} that nothing in your files supports`);
  }
  told.push(...done.notes);
  if (terminal && cited.length > 0) told.push(`nanite open ${cited[0]!.number} opens the first`);
  for (const note of told) process.stderr.write(`${err.dim(wrapped(note, process.stderr))}\n`);
  return status;
}

/** Addresses of what is cited of one source, each once, the first first. */
const addressesOf = (sentences: readonly Text[], source: number): string[] => [
  ...new Set(
    sentences
      .flatMap(({ citations }) => citations)
      .filter(({ number }) => number === source)
      .map(({ uri }) => uri),
  ),
];

/** Quotations of one source, each once, on one line. */
const quotesOf = (sentences: readonly Text[], source: number): string[] => [
  ...new Set(
    sentences
      // What is itself a quotation stands above already.
      .filter(({ quoted }) => !quoted)
      .flatMap(({ citations }) => citations)
      .filter(({ number }) => number === source)
      .map(({ quote }) => quote.replace(/\s+/g, ' ').trim()),
  ),
];

const notInFiles = ({ why }: Done) => `Not in your files${why === null ? '' : `: ${why}`}.`;
