import MarkdownIt from 'markdown-it';
import { decodeText, type DecodedText } from '../decode';
import type { Block, Extracted } from '../extracted';
import { Lines } from '../lines';
import { headingStack, type HeadingStack } from './headings';
import { Gathered, oneLine, type Source } from './reading';

export function readMarkdown({ type, bytes }: Source): Extracted {
  const decoded = decodeText(bytes);
  const gathered = new Gathered();
  const lines = new Lines(decoded.text);
  addMarkdown(gathered, decoded, headingStack(), (from, to) => lines.place(from, to));
  return gathered.finish(type);
}

type Token = ReturnType<MarkdownIt['parse']>[number];

/** CommonMark with tables, of which only blocks are parsed: marks inside a line stay as they are written. */
const blocks = new MarkdownIt({ html: true }).enable('table');
blocks.core.ruler.disable(['inline', 'linkify', 'replacements', 'smartquotes', 'text_join']);
/** For headings, whose text is wanted without marks. */
const inline = new MarkdownIt();

/**
 * Add Markdown block by block, as it is written, marks and all.
 *
 * @param headings those around this text, which go on behind it: a notebook's cells share them
 * @param place of what stands between two indices
 */
export function addMarkdown(
  gathered: Gathered,
  { text, byteAt }: DecodedText,
  headings: HeadingStack,
  place: (from: number, to: number) => Block['place'],
): void {
  const start = frontMatterEnd(text);
  const add = (from: number, to: number, kind: Block['kind']) => {
    gathered.add({
      text: text.slice(from, to),
      headings: headings.titles(),
      place: place(from, to),
      bytes: byteAt && { from: byteAt(from), to: byteAt(to) },
      kind,
      symbol: null,
    });
  };
  if (start > 0) {
    gathered.title ??= titleOf(text.slice(0, start));
    add(0, start, 'prose');
  }
  const lineStarts = startsOf(text, start);
  const tokens = blocks.parse(text.slice(start), {});
  const tops = tokens.flatMap((token, at) =>
    token.level === 0 && token.map ? [{ token, at, line: token.map[0] }] : [],
  );
  // From the start of one to the start of the next, so that nothing lies between blocks.
  for (const [at, { token, at: index, line }] of tops.entries()) {
    const from = at === 0 ? start : lineStarts[line]!;
    const next = tops[at + 1];
    const to = next ? lineStarts[next.line]! : text.length;
    if (token.type === 'heading_open') {
      const level = Number(token.tag[1]);
      const title = plainText(tokens[index + 1]?.content ?? '');
      gathered.title ??= level === 1 && title !== '' ? title : null;
      headings.enter(level, title);
    }
    if (to > from) add(from, to, kindOf(token));
    if (gathered.full) return;
  }
  // What holds no block: definitions of links, or nothing but white space.
  if (tops.length === 0 && text.length > start) add(start, text.length, 'prose');
}

function kindOf({ type }: Token): Block['kind'] {
  if (type === 'heading_open') return 'heading';
  if (type === 'fence' || type === 'code_block') return 'code';
  return type === 'table_open' ? 'table' : 'prose';
}

/** Where each line begins, as markdown-it counts them: it takes `\r\n` and a lone `\r` as line breaks too. */
function startsOf(text: string, from: number): number[] {
  const starts = [from];
  const ends = /\r\n?|\n/g;
  ends.lastIndex = from;
  for (let end = ends.exec(text); end; end = ends.exec(text)) starts.push(end.index + end[0].length);
  return starts;
}

function plainText(content: string): string {
  if (!/[\\*_`[\]<>&!]/.test(content)) return oneLine(content);
  const parts = inline.parseInline(content.slice(0, 2_000), {})[0]?.children ?? [];
  return oneLine(parts.map(({ type, content: said }) => (/^(?:text|code_inline|image|text_special)$/.test(type) ? said : ' ')).join('')); // prettier-ignore
}

/** YAML between lines of three hyphens at the very start; it is not Markdown. */
function frontMatterEnd(text: string): number {
  return (
    /^---[ \t]*\r?\n(?:(?!---|\.\.\.)[^\n]{0,2000}\n){0,500}(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(text)?.[0]
      .length ?? 0
  );
}

/** Of front matter only the title is looked at. */
function titleOf(matter: string): string | null {
  const found = /^title\s*:\s*(.+)$/m.exec(matter)?.[1]?.trim();
  return found?.replace(/^(["'])(.*)\1$/, '$2') || null;
}
