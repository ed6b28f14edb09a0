import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfmTable } from 'micromark-extension-gfm-table';
import { decodeText, type DecodedText } from '../decode';
import type { Block, Extracted } from '../extracted';
import { limits } from '../limits';
import { Lines } from '../lines';
import { headingStack, type HeadingStack } from './headings';
import { Gathered, oneLine, type Source } from './reading';
import { addParagraphs } from './text';

export function readMarkdown({ type, bytes }: Source): Extracted {
  const decoded = decodeText(bytes);
  const gathered = new Gathered();
  const lines = new Lines(decoded.text);
  if (decoded.text.length > limits.markdown) {
    gathered.warnings.add('the file is too long to be read as Markdown: it is read as plain text');
    addParagraphs(gathered, decoded, lines, 0, decoded.text.length, { kind: 'prose' });
  } else {
    addMarkdown(gathered, decoded, headingStack(), (from, to) => lines.place(from, to));
  }
  return gathered.finish(type);
}

/**
 * Add Markdown (CommonMark with tables and front matter) block by block, as it is written, marks and all.
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
  const { children } = fromMarkdown(text, {
    extensions: [frontmatter(['yaml']), gfmTable()],
    mdastExtensions: [frontmatterFromMarkdown(['yaml']), gfmTableFromMarkdown()],
  });
  // From the start of one to the start of the next, so that nothing lies between blocks.
  const starts = children.map((node, at) =>
    at === 0 ? 0 : lineStart(text, node.position?.start.offset ?? 0),
  );
  children.forEach((node, at) => {
    const from = starts[at]!;
    const to = starts[at + 1] ?? text.length;
    if (node.type === 'heading') {
      const title = oneLine(plainText(node));
      gathered.title ??= node.depth === 1 && title !== '' ? title : null;
      headings.enter(node.depth, title);
    } else if (node.type === 'yaml') {
      gathered.title ??= titleOf(node.value);
    }
    if (to > from) {
      gathered.add({
        text: text.slice(from, to),
        headings: headings.titles(),
        place: place(from, to),
        bytes: byteAt && { from: byteAt(from), to: byteAt(to) },
        kind: kindOf(node.type),
        symbol: null,
      });
    }
  });
}

const kindOf = (type: string): Block['kind'] =>
  type === 'heading' ? 'heading' : type === 'code' ? 'code' : type === 'table' ? 'table' : 'prose';

/** Indented blocks begin behind their indent. */
const lineStart = (text: string, offset: number) => text.lastIndexOf('\n', offset - 1) + 1;

/** Text of a heading without its marks. */
function plainText(node: Nodes): string {
  if ('value' in node) return node.type === 'html' ? '' : node.value;
  if ('alt' in node) return node.alt ?? '';
  return 'children' in node ? node.children.map((child) => plainText(child)).join('') : '';
}

/** Of front matter, which is YAML, only the title is looked at. */
function titleOf(matter: string): string | null {
  const found = /^title\s*:\s*(.+)$/m.exec(matter)?.[1]?.trim();
  return found?.replace(/^(["'])(.*)\1$/, '$2') || null;
}
