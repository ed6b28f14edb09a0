import { Parser } from 'htmlparser2';
import type { Extracted } from '../extracted';
import { headingStack } from './headings';
import { Gathered, oneLine, type Source } from './reading';

/**
 * What `pdftotext -htmlmeta` said, with a form feed behind each page. The head is escaped and the text is not, so the
 * first `<pre>` is its own.
 */
export function readPages({ type, bytes }: Source): Extracted {
  const said = bytes.toString('utf8');
  const start = said.indexOf('<pre>\n');
  const end = said.lastIndexOf('</pre>');
  const gathered = new Gathered();
  const text = start === -1 ? said : said.slice(start + 6, Math.max(start + 6, end));
  if (start !== -1) gathered.title = titleOf(said.slice(0, start));
  addPages(gathered, text);
  return gathered.finish(type);
}

/** A photographed or scanned page as tesseract read it. */
export function readImage({ type, bytes }: Source): Extracted {
  const gathered = new Gathered();
  addPages(gathered, bytes.toString('utf8'));
  return gathered.finish(type);
}

/** A line that numbers a section, such as `3.2 Results`: most papers and manuals have them, and PDF itself knows none. */
const numbered = /^(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+(\p{Lu}[^\n]{1,80})$/u;

function addPages(gathered: Gathered, text: string): void {
  const pages = text.split('\f');
  if (pages.length > 1 && pages.at(-1)!.trim() === '') pages.pop();
  const headings = headingStack();
  for (const [at, page] of pages.entries()) {
    const place = { kind: 'pages', from: at + 1, to: at + 1 } as const;
    for (const paragraph of page.split(/\n[ \t]*\n/)) {
      const said = paragraph.trim();
      const section = said.includes('\n') || /[.,;:]$|\.{3}/.test(said) ? null : numbered.exec(said);
      if (section) headings.enter(section[1]!.split('.').length, oneLine(said));
      const more = gathered.add({
        text: paragraphText(said),
        headings: headings.titles(),
        place,
        bytes: null,
        kind: section ? 'heading' : 'prose',
        symbol: null,
      });
      if (!more) return;
    }
  }
}

/** Lines of a paragraph are one text; columns of a table, which stand far apart, and lists keep theirs. */
function paragraphText(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const keeps = lines.length > 1 && lines.some((line) => /^(?:[-•*–▪]|\d{1,3}[.)])\s/.test(line));
  return keeps ? lines.join('\n') : lines.join(' ');
}

function titleOf(head: string): string | null {
  let title = '';
  let inside = false;
  const parser = new Parser({
    onopentag: (name) => (inside = name === 'title'),
    ontext: (data) => (title += inside ? data : ''),
    onclosetag: () => (inside = false),
  });
  parser.end(head);
  const said = oneLine(title);
  // What programs write there when nobody has.
  return said === '' || /^(?:untitled|microsoft word - .*|.*\.(?:docx?|tex|dvi|indd|pdf))$/i.test(said)
    ? null
    : said;
}
