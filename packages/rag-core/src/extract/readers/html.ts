import { Parser } from 'htmlparser2';
import { CannotExtract } from '../cannot-extract';
import { decodeText } from '../decode';
import type { Block, Extracted } from '../extracted';
import { Lines } from '../lines';
import { headingStack, type HeadingStack } from './headings';
import { Gathered, oneLine, type Source } from './reading';

/** What is not text of the document. */
const unread = new Set(['script', 'style', 'noscript', 'template', 'svg', 'math', 'iframe', 'object', 'select', 'button', 'nav']); // prettier-ignore
/** Elements that begin a new line of their own. */
const breaking = new Set(['p', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'ul', 'ol', 'dl', 'dt', 'dd', 'li', 'blockquote', 'figure', 'figcaption', 'form', 'fieldset', 'address', 'details', 'summary', 'hr', 'body', 'td', 'th', 'caption', 'title', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']); // prettier-ignore
const voids = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']); // prettier-ignore

const longestParagraph = 20_000;
/**
 * Elements inside each other. Browsers stop at 512 and pages that forget to close what they open reach some thousands; the
 * parser moves its whole stack for each, so ten million would take it hours.
 */
const mostDepth = 20_000;

export function readHtml({ type, bytes }: Source): Extracted {
  const { text } = decodeText(bytes, declaredCharset(bytes));
  const gathered = new Gathered();
  const lines = new Lines(text);
  addHtml(gathered, text, headingStack(), (from, to) => lines.place(from, to));
  return gathered.finish(type);
}

/** What `<meta charset>` or its older form says; browsers look at the first kilobyte. */
function declaredCharset(bytes: Buffer): string | null {
  return (
    /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,40})/i.exec(bytes.toString('latin1', 0, 1024))?.[1] ?? null
  );
}

/**
 * Add the text of HTML as a browser without style sheets shows it; nothing in it is run or fetched.
 *
 * htmlparser2 streams: a tree is never built.
 * @param place of what stands between two indices of `html`
 */
export function addHtml(
  gathered: Gathered,
  html: string,
  headings: HeadingStack,
  place: (from: number, to: number) => Block['place'],
): void {
  let depth = 0;
  let text = '';
  let from = 0;
  let to = 0;
  let heading: number | null = null;
  let inTitle = false;
  let inPre = 0;
  /** Name of the element that is left out, and how many of its kind are open inside it. */
  let skipped: { name: string; depth: number } | null = null;
  /** Rows of the outermost table that is open. */
  let table: { depth: number; rows: string[][]; from: number } | null = null;

  const flush = (kind: Block['kind'] = 'prose') => {
    const said = kind === 'code' ? text.replace(/^\n+|\s+$/g, '') : oneLine(text);
    text = '';
    if (said === '') return;
    gathered.add({
      text: said,
      headings: headings.titles(),
      place: place(from, Math.max(from + 1, to)),
      bytes: null,
      kind,
      symbol: null,
    });
  };
  const cell = () => {
    const row = table?.rows.at(-1);
    const said = oneLine(text);
    text = '';
    if (!table || said === '') return;
    if (row) row.push(said.replaceAll('|', '/'));
    else table.rows.push([said]);
  };
  const endTable = () => {
    const rows = table!.rows.filter((row) => row.length > 0);
    const at = table!.from;
    table = null;
    if (rows.length === 0) return;
    // A table of one column lays out a page, and is not a table.
    const columns = Math.max(...rows.map((row) => Math.min(row.length, 2)));
    gathered.add({
      text: rows.map((row) => row.join(' | ')).join('\n'),
      headings: headings.titles(),
      place: place(at, Math.max(at + 1, to)),
      bytes: null,
      kind: columns > 1 ? 'table' : 'prose',
      symbol: null,
    });
  };

  const parser: Parser = new Parser(
    {
      onopentag(name, attributes) {
        if (++depth > mostDepth) throw new CannotExtract('bomb', 'its elements are nested too deeply');
        if (skipped) {
          if (name === skipped.name) skipped.depth++;
          return;
        }
        if (unread.has(name)) {
          skipped = { name, depth: 1 };
          return;
        }
        if (name === 'html' || name === 'body') gathered.language ??= languageTag(attributes['lang'] ?? attributes['xml:lang']); // prettier-ignore
        if (name === 'br') {
          text += '\n';
          return;
        }
        if (name === 'title') inTitle = true;
        if (name === 'table') {
          if (table) table.depth++;
          else {
            flush();
            table = { depth: 1, rows: [], from: parser.startIndex };
          }
          return;
        }
        if (table) {
          if (name === 'tr' && table.depth === 1) {
            cell();
            table.rows.push([]);
          } else if ((name === 'td' || name === 'th') && table.depth === 1) cell();
          else if (breaking.has(name)) text += ' ';
          return;
        }
        if (!breaking.has(name)) return;
        flush(inPre > 0 ? 'code' : 'prose');
        if (name === 'pre') inPre++;
        if (/^h[1-6]$/.test(name)) heading = Number(name[1]);
        if (name === 'li') text = '- ';
        from = parser.startIndex;
      },
      ontext(data) {
        if (skipped) return;
        if (text === '') from = parser.startIndex;
        to = parser.endIndex + 1;
        text += data;
        if (text.length > longestParagraph && heading === null && !table && !inTitle)
          flush(inPre > 0 ? 'code' : 'prose');
        if (gathered.full) parser.pause();
      },
      onclosetag(name) {
        depth--;
        if (skipped) {
          if (name === skipped.name && --skipped.depth === 0) skipped = null;
          return;
        }
        if (voids.has(name)) return;
        if (name === 'title') {
          gathered.title ??= oneLine(text) || null;
          text = '';
          inTitle = false;
          return;
        }
        if (table) {
          if (name === 'table' && --table.depth === 0) {
            cell();
            to = parser.endIndex + 1;
            endTable();
          } else if ((name === 'td' || name === 'th') && table.depth === 1) cell();
          else if (breaking.has(name)) text += ' ';
          return;
        }
        if (/^h[1-6]$/.test(name)) {
          const level = heading ?? Number(name[1]);
          heading = null;
          const title = oneLine(text);
          headings.enter(level, title);
          gathered.title ??= level === 1 ? title || null : null;
          flush('heading');
          return;
        }
        if (name === 'pre') {
          flush('code');
          inPre = Math.max(0, inPre - 1);
          return;
        }
        if (breaking.has(name)) flush(inPre > 0 ? 'code' : 'prose');
      },
    },
    { decodeEntities: true },
  );
  // In pieces, so that a text that is full is not read on.
  const step = 65_536;
  for (let at = 0; at < html.length && !gathered.full; at += step) parser.write(html.slice(at, at + step));
  parser.end();
  if (table) endTable();
  flush();
}

/** A BCP 47 tag, or null for what is none. */
export const languageTag = (value: string | undefined): string | null =>
  value && /^[a-z]{2,3}(?:-[\w-]{1,20})?$/i.test(value) ? value.toLowerCase() : null;
