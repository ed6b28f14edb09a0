/** Code of Markdown: fenced, indented, or between backticks. It is the one part in which a backslash stands for itself. */
const code = /^```[\s\S]*?^```|^(?: {4}|\t).*$|`[^`\n]+`/gm;

/**
 * Markdown in which an underscore within a word is one: lowdown takes `XDG_RUNTIME_DIR` for emphasis of its middle. (Its
 * option against that also ends emphasis by asterisks beside brackets and slashes.)
 */
export function withLiteralUnderscores(markdown: string): string {
  let done = 0;
  let text = '';
  const literal = (part: string): string => part.replace(/(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])/g, '\\_');
  for (const found of markdown.matchAll(code)) {
    text += literal(markdown.slice(done, found.index)) + found[0];
    done = found.index + found[0].length;
  }
  return text + literal(markdown.slice(done));
}
