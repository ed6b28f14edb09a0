import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Columns left for the last cell below which a line rather overflows. */
const leastLast = 16;

/** Most cells are plain letters, and a list may have thousands: string-width looks at each for what it might combine to. */
const plain = /^[\x20-\x7e]*$/;
const widthOf = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));

export interface TableOptions {
  /** Columns of the terminal; Infinity: lines as long as they are, for programs. */
  columns?: number;
  /** What becomes of a last cell that does not fit: more lines, or an end with `…`. */
  last?: 'wrap' | 'cut';
}

/** Columns of the terminal that standard output is; Infinity where it is none. */
export const outputColumns = (): number =>
  process.stdout.isTTY === true ? process.stdout.columns || 80 : Infinity;

/** Rows in aligned columns, two spaces apart; the last column is not padded, and gives way on a narrow terminal. */
export function table(
  rows: ReadonlyArray<readonly string[]>,
  { columns = outputColumns(), last = 'wrap' }: TableOptions = {},
): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const left = columns - before;
  return rows
    .flatMap((row) => {
      const cells = row.map((cell, i) => {
        if (i < count - 1) return [cell];
        if (left < leastLast || widthOf(cell) <= left) return [cell];
        return fitted(cell, left, last);
      });
      const lines = Math.max(1, ...cells.map((cell) => cell.length));
      return Array.from({ length: lines }, (_, line) =>
        Array.from(cells, (cell, i) => {
          const text = cell[line] ?? '';
          return i === row.length - 1 ? text : text + ' '.repeat((widths[i] ?? 0) - widthOf(text));
        })
          .join('  ')
          .trimEnd(),
      );
    })
    .map((line) => `${line}\n`)
    .join('');
}

function fitted(text: string, width: number, how: 'wrap' | 'cut'): string[] {
  if (how === 'wrap') return wrapAnsi(text, width, { hard: true }).split('\n');
  const [first = ''] = wrapAnsi(text, width - 1, { hard: true }).split('\n');
  return [`${first.replace(/[\s,;]+$/, '')}…`];
}
