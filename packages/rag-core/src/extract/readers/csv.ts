import { parse } from 'csv-parse/sync';
import { decodeText } from '../decode';
import type { Extracted } from '../extracted';
import { Gathered, type Source } from './reading';
import { rowGatherer } from './rows';

/** A table in a text; its rows are counted as a spreadsheet counts them, whatever line breaks are in its cells. */
export function readCsv({ type, bytes }: Source): Extracted {
  const { text } = decodeText(bytes);
  const gathered = new Gathered();
  const rows = rowGatherer(gathered, null);
  let number = 0;
  parse(text, {
    delimiter: delimiterOf(text),
    relax_column_count: true,
    relax_quotes: true,
    skip_records_with_error: true,
    // Empty lines are rows too, else those behind them would be counted wrong.
    skip_empty_lines: false,
    max_record_size: 1_000_000,
    on_record: (cells: string[]) => {
      rows.add(++number, cells);
      return null;
    },
  });
  rows.end();
  return gathered.finish(type);
}

/** The mark that the first lines have most of, outside quotes. */
function delimiterOf(text: string): string {
  const start = text
    .slice(0, 8_192)
    .split('\n', 20)
    .join('\n')
    .replaceAll(/"[^"]*"/g, '');
  const count = (mark: string) => start.split(mark).length;
  return ['\t', ';', '|'].reduce((best, mark) => (count(mark) > count(best) ? mark : best), ',');
}
