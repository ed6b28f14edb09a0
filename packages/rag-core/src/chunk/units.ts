import type { Block } from '../extract/extracted';
import { countTokens } from './tokens';

/** What is never torn: a sentence, a line of code, a row of a table; or a piece of one that is longer than a chunk. */
export interface Unit {
  /** Index of its block in the group. */
  block: number;
  /** In UTF-16 units of the block's text. */
  from: number;
  to: number;
  tokens: number;
}

/** @param most tokens of a unit */
export function unitsOf(block: Block, at: number, most: number): Unit[] {
  const ends =
    block.kind === 'prose' || block.kind === 'heading' ? sentenceEnds(block.text) : lineEnds(block.text);
  const units: Unit[] = [];
  let from = 0;
  for (const to of ends) {
    if (to <= from) continue;
    const tokens = countTokens(block.text.slice(from, to));
    if (tokens <= most) units.push({ block: at, from, to, tokens });
    else units.push(...torn(block.text, at, from, to, most));
    from = to;
  }
  return units;
}

/** Behind the white space behind the end of a sentence, of any script, or behind a blank line. */
const sentenceEnd =
  /(?:[.!?…]["'’”)\]]*\s+(?=["'“‘([]?[\p{Lu}\p{Lo}\d])|[。！？｡]["'’”」』）]*\s*|\n[ \t]*\n\s*|\n(?=\s*(?:[-*+•]|\d{1,3}[.)])\s))/gu;
/** A point behind these ends no sentence. */
const abbreviation =
  /(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|cf|Fig|Figs|Eq|No|Vol|pp|al|approx|Inc|Ltd|bzw|z\.B|u\.a|Nr|Abb)\.\s*$/;

function* sentenceEnds(text: string): Generator<number> {
  for (const found of text.matchAll(sentenceEnd)) {
    const to = found.index + found[0].length;
    if (found[0][0] === '.' && abbreviation.test(text.slice(Math.max(0, found.index - 12), found.index + 1)))
      continue;
    yield to;
  }
  yield text.length;
}

function* lineEnds(text: string): Generator<number> {
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) yield at + 1;
  yield text.length;
}

/** Cut at white space, and where there is none for long anywhere but within a character. */
function torn(text: string, block: number, from: number, to: number, most: number): Unit[] {
  const units: Unit[] = [];
  let start = from;
  let tokens = 0;
  for (const found of text.slice(from, to).matchAll(/\s*(?:[^\s\p{Lo}]{1,60}|\p{Lo})\s*/gu)) {
    const end = from + found.index + found[0].length;
    const cost = countTokens(found[0]);
    if (tokens + cost > most && tokens > 0) {
      units.push({ block, from: start, to: from + found.index, tokens });
      start = from + found.index;
      tokens = 0;
    }
    tokens += cost;
    if (end === to) break;
  }
  if (start < to) units.push({ block, from: start, to, tokens });
  return units;
}
