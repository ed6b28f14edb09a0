import type { Place } from '@nanite/contracts';
import type { Block } from '../extract/extracted';

/** Place of a part of a block: its own lines or rows, where the block's text has a line for each of its lines. */
export function placeWithin({ text, place }: Block, from: number, to: number): Place {
  if (place.kind !== 'lines' && place.kind !== 'cell' && place.kind !== 'rows') return place;
  const lead = /^\s*/.exec(text)![0].length;
  const lines = newlines(text, lead, text.trimEnd().length) + 1;
  if (lines !== place.to - place.from + 1) return place;
  const end = from + text.slice(from, to).trimEnd().length;
  const first = place.from + newlines(text, lead, Math.max(from, lead));
  return { ...place, from: first, to: first + newlines(text, Math.max(from, lead), Math.max(end, lead)) };
}

/** Of what stands in one group: places are of one kind, and of one page, slide, sheet, cell or part. */
export function joinPlaces(one: Place, other: Place): Place {
  if ('from' in one && 'from' in other) {
    return { ...one, from: Math.min(one.from, other.from), to: Math.max(one.to, other.to) };
  }
  return one;
}

/**
 * Bytes of a part of a block, from how many bytes its text takes: UTF-8, UTF-16, or one for each character. The whole
 * block where it is in another encoding; null where the block has none.
 */
export function bytesWithin(
  { text, bytes }: Block,
  from: number,
  to: number,
): { from: number; to: number } | null {
  if (bytes === null) return null;
  const length = bytes.to - bytes.from;
  if (length === text.length) return { from: bytes.from + from, to: bytes.from + to };
  if (length === 2 * text.length && Buffer.byteLength(text) !== length) {
    return { from: bytes.from + 2 * from, to: bytes.from + 2 * to };
  }
  if (length !== Buffer.byteLength(text)) return bytes;
  const start = bytes.from + Buffer.byteLength(text.slice(0, from));
  return { from: start, to: start + Buffer.byteLength(text.slice(from, to)) };
}

function newlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
