import { posix } from 'node:path';
import { openArchive } from '../archive';
import { CannotExtract, damaged } from '../cannot-extract';
import { decodeText } from '../decode';
import type { Extracted } from '../extracted';
import { elements, elementText } from '../xml';
import { headingStack } from './headings';
import { addHtml, languageTag } from './html';
import { Gathered, type Source } from './reading';

/** A book: its chapters in the order in which they are read, which its package document lists. */
export async function readEpub({ type, bytes }: Source): Promise<Extracted> {
  const archive = await openArchive(bytes);
  const opf = elements(await archive.read('META-INF/container.xml'), 'rootfile')[0]?.['full-path'];
  const book = opf === undefined ? null : await archive.read(opf);
  if (!opf || !book) throw damaged('the book');
  // Encrypted fonts are common, and no hindrance.
  const encrypted = elements(await archive.read('META-INF/encryption.xml'), 'enc:CipherReference').concat(
    elements(await archive.read('META-INF/encryption.xml'), 'CipherReference'),
  );
  if (encrypted.some(({ URI }) => /\.x?html?$/i.test(URI ?? ''))) {
    throw new CannotExtract('encrypted', 'the book is protected against being read by other programs (DRM)');
  }
  const gathered = new Gathered();
  gathered.title = elementText(book, 'dc:title');
  gathered.language = languageTag(elementText(book, 'dc:language') ?? undefined);
  const items = new Map(
    elements(book, 'item')
      .concat(elements(book, 'opf:item'))
      .map(({ id, href }) => [id, href]),
  );
  const folder = posix.dirname(opf);
  for (const { idref } of elements(book, 'itemref').concat(elements(book, 'opf:itemref'))) {
    const href = items.get(idref);
    if (href === undefined) continue;
    const name = posix.join(folder, decoded(href));
    const chapter = await archive.read(name);
    if (!chapter) {
      gathered.warnings.add(`a chapter is missing in the file: ${name}`.slice(0, 500));
      continue;
    }
    addHtml(gathered, decodeText(chapter).text, headingStack(), () => ({ kind: 'part', name }));
    if (gathered.full) break;
  }
  return gathered.finish(type);
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href.replace(/#.*$/, ''));
  } catch {
    return href;
  }
}
