import type { Block } from '../extracted';
import { oneLine, type Gathered } from './reading';

/** Rows of one block; a chunk is found in it by counting lines. */
const most = 200;
/** Of one cell; a longer one is cut, as a cell is not a document. */
const longestCell = 2_000;

/**
 * Gathers the rows of a sheet into blocks, a line each. An empty row ends a table.
 *
 * @param sheet null for a file that has one
 */
export function rowGatherer(gathered: Gathered, sheet: string | null) {
  const headings = sheet === null ? [] : [sheet];
  let lines: string[] = [];
  let first = 1;
  const flush = () => {
    const place: Block['place'] = { kind: 'rows', sheet, from: first, to: first + lines.length - 1 };
    if (lines.length > 0) {
      gathered.add({
        text: `${lines.join('\n')}\n`,
        headings,
        place,
        bytes: null,
        kind: 'table',
        symbol: null,
      });
    }
    lines = [];
  };
  return {
    /** @param number from 1, rising @returns whether there is room for more */
    add(number: number, cells: readonly string[]): boolean {
      const row = cells.map((cell) => oneLine(cell).slice(0, longestCell).replaceAll('|', '/'));
      while (row.length > 0 && row.at(-1) === '') row.pop();
      if (lines.length >= most || number !== first + lines.length || row.length === 0) flush();
      if (row.length === 0) return !gathered.full;
      if (lines.length === 0) first = number;
      lines.push(row.join(' | '));
      return !gathered.full;
    },
    end: flush,
  };
}
