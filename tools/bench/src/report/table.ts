/** A Markdown table; columns after the first are numbers and stand to the right. */
export function markdownTable(header: string[], rows: string[][]): string {
  for (const row of rows) {
    if (row.length !== header.length)
      throw new RangeError(`${row.length} cells under ${header.length} headings`);
  }
  const width = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(width[i] as number) : cell.padStart(width[i] as number))).join(' | ')} |`;
  const rule = width.map((w, i) => (i === 0 ? '-'.repeat(w) : `${'-'.repeat(w - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

/** A number with as many digits as say something: 1234, 123, 12.3, 1.23, 0.12. */
export function figure(value: number): string {
  const size = Math.abs(value);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Bytes in MB (10^6), as limits are given. */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
