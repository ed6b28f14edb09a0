import type { Unit } from './units';

/**
 * Fill chunks with units in their order, about evenly: a text that is a little too long for one chunk becomes two halves,
 * not a chunk and a crumb.
 *
 * @param tokens of a chunk: a unit that does not fit begins the next
 * @param overlap tokens at the end of a chunk that the next begins with, in whole units
 */
export function packUnits(units: readonly Unit[], tokens: number, overlap: number): Unit[][] {
  const all = total(units);
  const goal = Math.ceil(all / Math.max(1, Math.ceil(all / tokens)));
  const parts: Unit[][] = [];
  let part: Unit[] = [];
  let size = 0;
  /** Tokens of the part that did not stand in the one before. */
  let fresh = 0;
  let left = all;
  for (const unit of units) {
    if (part.length > 0 && (size + unit.tokens > tokens || (fresh >= goal && left > overlap))) {
      parts.push(part);
      part = tail(part, Math.min(overlap, tokens - unit.tokens));
      size = total(part);
      fresh = 0;
    }
    part.push(unit);
    size += unit.tokens;
    fresh += unit.tokens;
    left -= unit.tokens;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

const total = (units: readonly Unit[]) => units.reduce((sum, { tokens }) => sum + tokens, 0);

/** The last units that have together no more than `most` tokens. */
function tail(units: readonly Unit[], most: number): Unit[] {
  let from = units.length;
  for (let sum = 0; from > 1; from--) {
    sum += units[from - 1]!.tokens;
    if (sum > most) break;
  }
  return units.slice(from);
}
