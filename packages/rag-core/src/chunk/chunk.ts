import { createHash } from 'node:crypto';
import type { Place } from '@nanite/contracts';
import type { Block, Extracted } from '../extract/extracted';
import { groupBlocks } from './group';
import { packUnits } from './pack';
import { bytesWithin, joinPlaces, placeWithin } from './places';
import { unitsOf, type Unit } from './units';

export interface Chunk {
  /** From 0, in the order of the document. */
  ordinal: number;
  /** As it stands in the document; of a table that is cut, with its header row before it. */
  text: string;
  headings: string[];
  place: Place;
  /** Where the text stands in the file, without the header row of a table that was repeated. */
  bytes: { from: number; to: number } | null;
  kind: Block['kind'];
  symbol: string | null;
  /** SHA-256 of the normalised text, for folding duplicates. */
  hash: string;
}

/**
 * Tokens of a chunk. bge-small reads 512, and finds best what is about one thing: 200 to 300 is where published
 * comparisons and our own collections have it flat (docs/decisions/0102).
 */
const defaultTokens = 256;

/**
 * Cut a document into passages that keep their place: within a section, a page, a slide or a symbol, at ends of sentences,
 * lines or rows.
 *
 * @param options.tokens of a chunk, about (see countTokens); a chunk of prose repeats the last eighth of the one before it
 */
export function chunkDocument(document: Extracted, options: { tokens?: number } = {}): Chunk[] {
  const tokens = options.tokens ?? defaultTokens;
  const chunks: Chunk[] = [];
  for (const group of groupBlocks(document.blocks, tokens)) {
    const { blocks } = group;
    const units = blocks.flatMap((block, at) => unitsOf(block, at, tokens));
    const table = blocks.findIndex(({ kind }) => kind === 'table');
    const header = table === -1 ? null : { of: blocks[table]!, text: headerOf(blocks[table]!) };
    const overlap = group.kind === 'prose' ? Math.floor(tokens / 8) : 0;
    for (const part of packUnits(units, tokens, overlap)) {
      const chunk = chunkOf(blocks, part, header);
      if (chunk) chunks.push({ ordinal: chunks.length, ...chunk, kind: group.kind, symbol: group.symbol });
    }
  }
  return chunks;
}

/** Header of a table, with the line under it in Markdown, as long as it is worth repeating. */
function headerOf({ text }: Block): string {
  const header =
    /^\s*[^\n]*\n(?:[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t:-]*)+\n)?/.exec(text)?.[0].trimStart() ?? '';
  return header.length <= 400 ? header : '';
}

function chunkOf(
  blocks: readonly Block[],
  units: readonly Unit[],
  header: { of: Block; text: string } | null,
): Omit<Chunk, 'ordinal' | 'kind' | 'symbol'> | null {
  const pieces: { block: Block; from: number; to: number }[] = [];
  for (const { block: at, from, to } of units) {
    const last = pieces.at(-1);
    if (last && last.block === blocks[at] && last.to === from) last.to = to;
    else pieces.push({ block: blocks[at]!, from, to });
  }
  trimEnds(pieces);
  const first = pieces[0];
  const last = pieces.at(-1);
  if (!first || !last) return null;
  let text = '';
  for (const [at, { block, from, to }] of pieces.entries()) {
    const before = pieces[at - 1];
    const adjoining = before && adjoin(before.block, block);
    text += `${at === 0 || adjoining ? '' : '\n\n'}${block.text.slice(from, to)}`;
  }
  // What begins with the table has its header.
  const cut =
    header !== null &&
    blocks.indexOf(first.block) >= blocks.indexOf(header.of) &&
    (first.block !== header.of || first.from > 0);
  const start = first.block.bytes && bytesWithin(first.block, first.from, first.to);
  const end = last.block.bytes && bytesWithin(last.block, last.from, last.to);
  return {
    text: cut ? `${header.text}${text}` : text,
    headings: first.block.headings,
    place: pieces.map(({ block, from, to }) => placeWithin(block, from, to)).reduce(joinPlaces),
    bytes: start && end ? { from: start.from, to: end.to } : null,
    hash: hashOf(text),
  };
}

/** Whether nothing lies between two blocks: bytes that follow each other, or rows of one table. */
const adjoin = (one: Block, other: Block): boolean =>
  one.bytes && other.bytes
    ? one.bytes.to === other.bytes.from
    : one.kind === 'table' && other.kind === 'table';

/** Without white space at either end, so that bytes and lines are those of what is shown. */
function trimEnds(pieces: { block: Block; from: number; to: number }[]): void {
  for (let piece = pieces[0]; piece; piece = pieces[0]) {
    const text = piece.block.text.slice(piece.from, piece.to);
    // Not the indent of the first line: code is read with it.
    piece.from += /^(?:[^\S\n]*\n)*/.exec(text)![0].length;
    if (piece.from < piece.to && text.trim() !== '') break;
    pieces.shift();
  }
  for (let piece = pieces.at(-1); piece; piece = pieces.at(-1)) {
    piece.to = piece.from + piece.block.text.slice(piece.from, piece.to).trimEnd().length;
    if (piece.from < piece.to) break;
    pieces.pop();
  }
}

/** Two copies of a text are one passage whatever their line breaks, capitals and forms of letters. */
const hashOf = (text: string): string =>
  createHash('sha256')
    .update(text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim())
    .digest('hex');
