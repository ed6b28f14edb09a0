import { openArchive } from '../archive';
import { CannotExtract, damaged } from '../cannot-extract';
import type { Block, Extracted } from '../extracted';
import { elementText, walkXml } from '../xml';
import { headingStack } from './headings';
import { languageTag } from './html';
import { Gathered, oneLine, type Source } from './reading';

/** What stands in the file and not on the page: comments, what was deleted, numbers of footnotes, and forms. */
const unread = new Set(['office:annotation', 'text:tracked-changes', 'text:note-citation', 'office:forms', 'text:sequence-decls', 'text:table-of-content', 'text:alphabetical-index', 'script', 'office:scripts']); // prettier-ignore

/** OpenDocument text: headings with their level, paragraphs, lists, tables and notes. */
export async function readOdt({ type, bytes }: Source): Promise<Extracted> {
  const gathered = new Gathered();
  // A flat document is the same XML without the archive.
  const flat = bytes.subarray(0, 200).toString('latin1').includes('<?xml');
  const archive = flat ? null : await openArchive(bytes);
  const content = archive ? await archive.read('content.xml') : bytes;
  if (!content) throw damaged('the document');
  const manifest = await archive?.read('META-INF/manifest.xml');
  if (manifest?.includes('manifest:encryption-data')) {
    throw new CannotExtract('encrypted', 'it is encrypted, and its password is not known');
  }
  const meta = archive ? await archive.read('meta.xml') : bytes;
  gathered.title = elementText(meta, 'dc:title');
  gathered.language = languageTag(elementText(meta, 'dc:language') ?? undefined);
  addText(gathered, content);
  return gathered.finish(type);
}

function addText(gathered: Gathered, content: Buffer): void {
  const headings = headingStack();
  let text = '';
  let inBody = false;
  let skipped = 0;
  let level = 1;
  let items = 0;
  let table: { depth: number; rows: string[][] } | null = null;
  const add = (said: string, kind: Block['kind']) => {
    const section = headings.titles().at(-1);
    gathered.add({
      text: said,
      headings: headings.titles(),
      place: section === undefined ? { kind: 'whole' } : { kind: 'part', name: section },
      bytes: null,
      kind,
      symbol: null,
    });
  };
  walkXml(content, 'the document', {
    open(name, attributes) {
      if (unread.has(name)) skipped++;
      if (skipped > 0) return;
      if (name === 'office:text') inBody = true;
      else if (name === 'text:h') level = Number(attributes['text:outline-level']) || 1;
      else if (name === 'text:list-item') items++;
      else if (name === 'text:s') text += ' '.repeat(Math.min(1000, Number(attributes['text:c']) || 1));
      else if (name === 'text:tab') text += '\t';
      else if (name === 'text:line-break') text += '\n';
      else if (name === 'table:table') {
        if (table) table.depth++;
        else table = { depth: 1, rows: [] };
      } else if (name === 'table:table-row' && table?.depth === 1) table.rows.push([]);
    },
    text(data) {
      if (inBody && skipped === 0) text += data;
    },
    close(name) {
      if (unread.has(name)) skipped--;
      if (skipped > 0) return;
      if (name === 'office:text') inBody = false;
      if (name === 'text:list-item') items--;
      if (name === 'table:table-cell' && table?.depth === 1) {
        table.rows.at(-1)?.push(oneLine(text).replaceAll('|', '/'));
        text = '';
      }
      if (name === 'table:table' && table && --table.depth === 0) {
        const rows = table.rows.filter((row) => row.some((cell) => cell !== ''));
        table = null;
        if (rows.length > 0) add(rows.map((row) => row.join(' | ')).join('\n'), 'table');
      }
      if (name !== 'text:h' && name !== 'text:p') return;
      if (table) {
        text += ' ';
        return;
      }
      const said = oneLine(text);
      text = '';
      if (said === '') return;
      if (name === 'text:h') {
        headings.enter(level, said);
        gathered.title ??= level === 1 ? said : null;
        add(said, 'heading');
      } else {
        add(items > 0 ? `- ${said}` : said, 'prose');
      }
    },
  });
}
