import { decodeText, type DecodedText } from '../decode';
import type { Block, Extracted } from '../extracted';
import { Lines } from '../lines';
import { Gathered, type Source } from './reading';

/** A paragraph without a blank line is cut at the end of a line after this much, as logs and data have none. */
const longest = 4_000;

export function readText({ type, bytes }: Source): Extracted {
  const decoded = decodeText(bytes);
  const gathered = new Gathered();
  addParagraphs(gathered, decoded, new Lines(decoded.text), 0, decoded.text.length, { kind: 'prose' });
  return gathered.finish(type);
}

/** Add the paragraphs of a stretch of text, each with the blank lines behind it, so that nothing lies between them. */
export function addParagraphs(
  gathered: Gathered,
  { text, byteAt }: DecodedText,
  lines: Lines,
  start: number,
  end: number,
  { kind, headings = [], symbol = null }: Partial<Pick<Block, 'headings' | 'symbol'>> & Pick<Block, 'kind'>,
): void {
  for (let from = start; from < end;) {
    const to = paragraphEnd(text, from, end);
    const more = gathered.add({
      text: text.slice(from, to),
      headings,
      place: lines.place(from, to),
      bytes: byteAt && { from: byteAt(from), to: byteAt(to) },
      kind,
      symbol,
    });
    if (!more) return;
    from = to;
  }
}

const blankLines = /(?:\r\n|\n|\r)(?:[ \t\f\v]*(?:\r\n|\n|\r))+/;

function paragraphEnd(text: string, from: number, end: number): number {
  // Leading blank lines belong to the paragraph behind them.
  const first = firstText(text, from, end);
  // A piece of the text: a search for a blank line through a log without any would read it whole each time.
  const piece = text.slice(first, Math.min(end, first + longest));
  const blank = blankLines.exec(piece);
  if (blank) return first + blank.index + blank[0].length;
  if (first + piece.length === end) return end;
  const newline = piece.lastIndexOf('\n');
  if (newline > 0) return first + newline + 1;
  // A line of a megabyte is cut behind a sentence, at a blank, or anywhere but within a character.
  const sentence = piece.lastIndexOf('. ');
  if (sentence > longest / 2) return first + sentence + 2;
  const blankAt = piece.lastIndexOf(' ');
  return blankAt > longest / 2 ? first + blankAt + 1 : wholeCharacter(text, first + piece.length);
}

function firstText(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && /\s/.test(text[at]!)) at++;
  return at;
}

/** The next index at which no surrogate pair is torn. */
export const wholeCharacter = (text: string, index: number): number => {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff ? index + 1 : index;
};
