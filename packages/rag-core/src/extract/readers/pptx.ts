import { posix } from 'node:path';
import { openArchive, type Archive } from '../archive';
import { damaged } from '../cannot-extract';
import type { Extracted } from '../extracted';
import { elements, elementText, walkXml } from '../xml';
import { headingStack } from './headings';
import { Gathered, oneLine, type Source } from './reading';

/** PowerPoint: slides in the order in which they are shown, each with its title, texts, tables and the speaker's notes. */
export async function readPptx({ type, bytes }: Source): Promise<Extracted> {
  const archive = await openArchive(bytes);
  const presentation = await archive.read('ppt/presentation.xml');
  if (!presentation) throw damaged('the presentation');
  const gathered = new Gathered();
  gathered.title = elementText(await archive.read('docProps/core.xml'), 'dc:title');
  const targets = new Map(
    (await relations(archive, 'ppt/presentation.xml')).map(({ id, target }) => [id, target]),
  );
  const slides = elements(presentation, 'p:sldId').flatMap(({ 'r:id': id }) => targets.get(id ?? '') ?? []);
  for (const [at, name] of slides.entries()) {
    const slide = await archive.read(name);
    if (!slide) {
      gathered.warnings.add(`slide ${at + 1} is missing in the file`);
      continue;
    }
    addSlide(gathered, slide, at + 1);
    const notes = (await relations(archive, name)).find(({ kind }) => kind.endsWith('/notesSlide'));
    const noted = notes && (await archive.read(notes.target));
    if (noted) addNotes(gathered, noted, at + 1);
    if (gathered.full) break;
  }
  return gathered.finish(type);
}

interface Relation {
  id: string;
  kind: string;
  /** Name in the archive. */
  target: string;
}

async function relations(archive: Archive, of: string): Promise<Relation[]> {
  const folder = posix.dirname(of);
  const list = await archive.read(`${folder}/_rels/${posix.basename(of)}.rels`);
  return elements(list, 'Relationship').map(({ Id = '', Type = '', Target = '' }) => ({
    id: Id,
    kind: Type,
    target: Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target),
  }));
}

function addSlide(gathered: Gathered, slide: Buffer, number: number): void {
  const { title, paragraphs, tables } = contents(slide);
  const headings = headingStack();
  const place = { kind: 'slide', slide: number } as const;
  if (title !== '') {
    headings.enter(1, title);
    gathered.add({
      text: title,
      headings: headings.titles(),
      place,
      bytes: null,
      kind: 'heading',
      symbol: null,
    });
    if (number === 1) gathered.title ??= title;
  }
  const rest = { headings: headings.titles(), place, bytes: null, symbol: null };
  if (paragraphs.length > 0) gathered.add({ ...rest, text: paragraphs.join('\n'), kind: 'prose' });
  for (const rows of tables) gathered.add({ ...rest, text: rows.join('\n'), kind: 'table' });
}

function addNotes(gathered: Gathered, notes: Buffer, number: number): void {
  const said = contents(notes).paragraphs.filter((text) => !/^\d{1,4}$/.test(text));
  if (said.length === 0) return;
  const place = { kind: 'slide', slide: number } as const;
  gathered.add({
    text: said.join('\n'),
    headings: ['Notes'],
    place,
    bytes: null,
    kind: 'prose',
    symbol: null,
  });
}

interface SlideText {
  title: string;
  paragraphs: string[];
  tables: string[][];
}

/** DrawingML: `p:sp` is a shape, whose `p:ph` says whether it is the title; `a:p` a paragraph of runs `a:t`. */
function contents(slide: Buffer): SlideText {
  const found: SlideText = { title: '', paragraphs: [], tables: [] };
  let text = '';
  let inRun = false;
  let isTitle = false;
  let row: string[] | null = null;
  let cell = '';
  walkXml(slide, 'a slide', {
    open(name, attributes) {
      if (name === 'p:sp') isTitle = false;
      else if (name === 'p:ph') isTitle = /^(?:title|ctrTitle)$/.test(attributes['type'] ?? '');
      else if (name === 'a:t') inRun = true;
      else if (name === 'a:br' || name === 'a:tab') text += ' ';
      else if (name === 'a:tbl') found.tables.push([]);
      else if (name === 'a:tr') row = [];
      else if (name === 'a:tc') cell = '';
    },
    text(data) {
      if (inRun) text += data;
    },
    close(name) {
      if (name === 'a:t') inRun = false;
      else if (name === 'a:tc') row?.push(oneLine(cell).replaceAll('|', '/'));
      else if (name === 'a:tr') {
        if (row?.some((one) => one !== '')) found.tables.at(-1)?.push(row.join(' | '));
        row = null;
      } else if (name === 'a:p') {
        const said = oneLine(text);
        text = '';
        if (row) cell += ` ${said}`;
        else if (said === '') return;
        else if (isTitle) found.title = oneLine(`${found.title} ${said}`);
        else found.paragraphs.push(said);
      }
    },
  });
  found.tables = found.tables.filter((rows) => rows.length > 0);
  return found;
}
