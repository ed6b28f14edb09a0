import wrapAnsi from 'wrap-ansi';

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
  const lines = columns === Infinity ? text : wrapAnsi(text, columns, { trim: false });
  return lines
    .split('\n')
    .map((line, i) => (i === 0 ? first : indent) + line.trimEnd())
    .join('\n');
}
