import wrapAnsi from 'wrap-ansi';

/** A line in parts that fit; the space at which it is broken stands in none, the one before it in the first. */
const brokenUp = (line: string, columns: number): string[] => {
  const before = /^ */.exec(line)?.[0] ?? '';
  return wrapAnsi(line.slice(before.length), Math.max(8, columns - before.length))
    .split('\n')
    .map((part) => before + part);
};

/**
 * Text in lines that fit the terminal, each with `indent` before it; for programs, lines stay as long as they are.
 *
 * @param first stands before the first line instead of the indent, and is as wide
 */
export function wrapped(
  text: string,
  stream: NodeJS.WriteStream,
  indent = '',
  first: string = indent,
): string {
  const columns = stream.isTTY === true ? Math.max(20, (stream.columns || 80) - indent.length) : Infinity;
  return text
    .split('\n')
    .flatMap((line) => (columns === Infinity ? [line] : brokenUp(line, columns)))
    .map((line, i) => (i === 0 ? first : indent) + line.trimEnd())
    .join('\n');
}
