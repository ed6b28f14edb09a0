import mammoth from 'mammoth';
import { openArchive } from '../archive';
import { damaged } from '../cannot-extract';
import type { Extracted } from '../extracted';
import { elementText } from '../xml';
import { headingStack } from './headings';
import { addHtml, languageTag } from './html';
import { Gathered, type Source } from './reading';

/** Word: mammoth makes HTML of it by its styles, so headings, lists, tables, foot- and endnotes are what they are. */
export async function readDocx({ type, bytes }: Source): Promise<Extracted> {
  const archive = await openArchive(bytes);
  if (!archive.names.includes('[Content_Types].xml')) throw damaged('the document');
  const gathered = new Gathered();
  const core = await archive.read('docProps/core.xml');
  gathered.title = elementText(core, 'dc:title');
  gathered.language = languageTag(elementText(core, 'dc:language') ?? undefined);
  // Only text: pictures, fonts and programs in it are not even unpacked.
  const buffer = await archive.repacked((name) => /\.(?:xml|rels)$/i.test(name));
  const html = await mammoth
    .convertToHtml(
      { buffer },
      {
        convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })),
        externalFileAccess: false,
      },
    )
    .catch((error: unknown) => {
      throw damaged('the document', error);
    });
  const headings = headingStack();
  const place = () => {
    const section = headings.titles().at(-1);
    return section === undefined ? ({ kind: 'whole' } as const) : ({ kind: 'part', name: section } as const);
  };
  addHtml(gathered, html.value, headings, place);
  return gathered.finish(type);
}
