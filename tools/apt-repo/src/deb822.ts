/** One paragraph of deb822(5): field names as written, folded lines kept apart by newlines. */
export type Paragraph = Map<string, string>;

/** Paragraphs of `Field: value`, continued by lines that start with a blank. */
export function parseParagraphs(text: string): Paragraph[] {
  return text
    .split(/\n[ \t]*\n/)
    .map((block) => {
      const paragraph: Paragraph = new Map();
      let field: string | undefined;
      for (const line of block.split('\n')) {
        if (line.startsWith('#')) continue;
        const start = /^([^\s:][^:]*):[ \t]*(.*)$/.exec(line);
        if (start !== null) {
          field = start[1]!;
          paragraph.set(field, start[2]!);
        } else if (field !== undefined && /^\s/.test(line)) {
          paragraph.set(field, `${paragraph.get(field)}\n${line.trim()}`);
        }
      }
      return paragraph;
    })
    .filter((paragraph) => paragraph.size > 0);
}

/** Text of one paragraph; a value of several lines is folded. */
export const formatParagraph = (fields: ReadonlyArray<readonly [string, string]>): string =>
  fields
    .map(
      ([name, value]) =>
        `${name}:${value.startsWith('\n') || value === '' ? '' : ' '}${value.replaceAll('\n', '\n ')}\n`,
    )
    .join('');
