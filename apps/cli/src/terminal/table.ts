import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { paint } from './paint';

/** Columns that the last cell needs at least, for the rows to stand in columns at all. */
const leastLast = 16;

/** Most cells are plain letters, and a list may have thousands: string-width looks at each for what it might combine to. */
const plain = /^[\x20-\x7e]*$/;
const widthOf = (text: string): number => (plain.test(text) ? text.length : stringWidth(text));

export interface TableOptions {
  /** Columns of the terminal; Infinity: lines as long as they are, for programs. */
  columns?: number;
  /** What becomes of a last cell that does not fit: more lines, or an end with `…`. */
  last?: 'wrap' | 'cut';
  /** Names of the columns. */
  head?: readonly string[];
}

/** Columns of the terminal that standard output is; Infinity where it is none. */
export const outputColumns = (): number =>
  process.stdout.isTTY === true ? process.stdout.columns || 80 : Infinity;

/**
 * Rows in aligned columns, two spaces apart; the last column is not padded, and gives way on a narrow terminal. Where the
 * others alone fill the terminal, each row is a paragraph of its own instead: nothing is broken within a word.
 */
export function table(
  rows: ReadonlyArray<readonly string[]>,
  { columns = outputColumns(), last = 'wrap', head }: TableOptions = {},
): string {
  const { bold } = paint(process.stdout);
  const all = head === undefined ? rows : [head.map(bold), ...rows];
  const count = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...all.map((row) => widthOf(row[i] ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const left = columns - before;
  if (left < Math.min(leastLast, widths.at(-1) ?? 0)) return stacked(rows, columns, head);
  return all
    .flatMap((row) => {
      const cells = row.map((cell, i) => {
        if (i < count - 1 || widthOf(cell) <= left) return [cell];
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

/** A row as a paragraph: its first cell, and below it each other one that says something, with the name of its column. */
function stacked(
  rows: ReadonlyArray<readonly string[]>,
  columns: number,
  head: readonly string[] | undefined,
): string {
  const { dim } = paint(process.stdout);
  const width = Math.max(8, columns);
  return rows
    .flatMap(([first = '', ...cells]) => {
      const said = cells.flatMap((cell, i) => {
        const name = (head?.[i + 1] ?? '').toLowerCase();
        return cell === '' || cell === '-' ? [] : [name === '' ? cell : `${dim(`${name}:`)} ${cell}`];
      });
      const indent = `${/^ */.exec(first)?.[0] ?? ''}  `;
      return [
        ...wrapAnsi(first, width, { hard: true, trim: false }).split('\n'),
        ...said.flatMap((text) =>
          wrapAnsi(text, width - indent.length, { hard: true })
            .split('\n')
            .map((line) => indent + line),
        ),
      ];
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
