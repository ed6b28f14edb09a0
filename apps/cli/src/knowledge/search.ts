import { describePlace, type FileType, type Hit, type SearchAnswer } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { TypeWish } from '../command/search-options';
import { exitStatus } from '../exit-status';
import { paint } from '../terminal/paint';
import { sanitise } from '../terminal/sanitise';
import { wrapped } from '../terminal/wrapped';
import { shortPath } from './path';
import { rememberCitations } from './remembered';
import { allKnowledge, scopeOf, toldOfKnowledge, type ScopeOptions } from './service';

export interface SearchOptions extends ScopeOptions {
  collection: string[];
  type: TypeWish[];
  path?: string;
  after?: string;
  before?: string;
  mode: 'hybrid' | 'sparse' | 'dense' | 'names';
  limit: number;
  full?: boolean;
  json?: boolean;
}

/** Characters of a passage that are shown, unless --full. */
const shownCharacters = 200;

/** `nanite search`. Exit status 7 where nothing is found. */
export const search = (words: string[], options: SearchOptions): Promise<number> =>
  toldOfKnowledge(options.json ?? false, async () => {
    const query = words.join(' ').trim();
    if (query === '') throw new NaniteError('usage', 'say what to look for');
    const answer = await allKnowledge().search({
      ...scopeOf(options),
      query,
      limit: options.limit,
      mode: options.mode,
      filter: {
        ...(options.collection.length > 0 && { collections: options.collection }),
        ...narrowedTo(options),
        ...(options.after !== undefined && { after: options.after }),
        ...(options.before !== undefined && { before: options.before }),
      },
    });
    rememberCitations(new Map(answer.hits.map(({ passage }, at) => [at + 1, passage.uri])));
    process.stdout.write(
      options.json ? `${JSON.stringify(answer, null, 2)}\n` : hitsText(answer, query, options.full ?? false),
    );
    if (!options.json) {
      const { dim } = paint(process.stderr);
      if (answer.hits.length === 0) process.stderr.write('Nothing found.\n');
      for (const note of answer.notes) process.stderr.write(`${dim(wrapped(note, process.stderr))}\n`);
    }
    return answer.hits.length > 0 ? exitStatus.ok : exitStatus.notFound;
  });

/** What `--type` and `--path` say: types, and of code the endings that were named. */
function narrowedTo({ type, path }: SearchOptions): { types?: FileType[]; path?: string } {
  const types = [...new Set(type.map((each) => each.type))];
  const isByEnding = type.length > 0 && type.every(({ ending }) => ending !== null);
  const endings = type.map(({ ending }) => `*.${ending}`).join('|');
  const glob = path ?? (isByEnding ? `**/@(${endings})` : undefined);
  return { ...(types.length > 0 && { types }), ...(glob !== undefined && { path: glob }) };
}

function hitsText({ hits }: SearchAnswer, query: string, full: boolean): string {
  const clean = process.stdout.isTTY ? sanitise : (text: string) => text;
  return hits.map((hit, at) => hitText(hit, at + 1, query, full, clean)).join('\n');
}

function hitText(
  { passage, score, duplicates }: Hit,
  number: number,
  query: string,
  full: boolean,
  clean: (text: string) => string,
): string {
  const { bold, dim, cyan } = paint(process.stdout);
  const place = describePlace(passage.place);
  const head = `${String(number).padStart(2)}  ${cyan(clean(shortPath(passage.path)))}${place === '' ? '' : `, ${clean(place)}`}`;
  const about = [passage.symbol, passage.headings.join(' › ')].filter((part) => part);
  const figures = [...likely(score), ...(passage.scope === 'team' ? ['team'] : [])];
  const lines = [[head, ...figures.map((figure) => dim(figure))].join('  ')];
  if (about.length > 0) lines.push(`    ${dim(clean(about.join(' · ')))}`);
  const text = full ? passage.text : around(passage.text, query);
  const marked = clean(text).replace(wordsPattern(query), (word) => bold(word));
  lines.push(wrapped(marked, process.stdout, '    '));
  if (duplicates.length > 0) {
    lines.push(
      `    ${dim(`the same in ${duplicates.length} more ${duplicates.length === 1 ? 'file' : 'files'}`)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * How likely a passage is about what was asked. Below a hundredth there is no such figure to be had: right answers of few
 * words and no common one are down there as well (docs/decisions/0109), and the order is another's work anyway.
 */
const likely = (score: number): string[] => (score < 0.01 ? [] : [`${Math.round(score * 100)} %`]);

/** Words to point out in a passage; short ones (`of`, `the`) only where there are no others, or where they are `C3` or `EU`. */
function wordsOf(query: string): string[] {
  const words = query.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  const telling = words.filter((word) => word.length > 3 || /[\p{Lu}\p{N}]/u.test(word.slice(1)));
  return telling.length > 0 ? telling : words;
}

function wordsPattern(query: string): RegExp {
  const words = wordsOf(query);
  // An empty alternation would match everywhere; this matches nowhere.
  return words.length === 0
    ? /(?!)/g
    : new RegExp(words.map((word) => `(?<![\\p{L}\\p{N}])${word}`).join('|'), 'giu');
}

/** Part of a passage on one line, around the first word that was looked for. */
function around(text: string, query: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= shownCharacters) return line;
  const at = Math.max(0, line.search(wordsPattern(query)));
  const from = Math.max(0, Math.min(at - 60, line.length - shownCharacters));
  const start = from === 0 ? 0 : line.indexOf(' ', from) + 1;
  const cut = line.slice(start, start + shownCharacters);
  const end = start + cut.length < line.length ? `${cut.slice(0, cut.lastIndexOf(' '))} …` : cut;
  return start === 0 ? end : `… ${end}`;
}
