import { CannotExtract } from '../cannot-extract';
import type { Extracted } from '../extracted';
import type { Source } from './reading';

/** Read a file with the reader of its type; each is loaded when the first file of its type comes. */
export async function read(source: Source, grammars: string): Promise<Extracted> {
  switch (source.type) {
    case 'text':
      return (await import('./text')).readText(source);
    case 'markdown':
      return (await import('./markdown')).readMarkdown(source);
    case 'html':
      return (await import('./html')).readHtml(source);
    case 'code':
      return (await import('./code')).readCode(source, grammars);
    case 'pdf':
      return (await import('./pdf')).readPages(source);
    case 'image':
      return (await import('./pdf')).readImage(source);
    default:
      throw new CannotExtract('unknown-format', `files of the kind ${source.type} cannot be read yet`);
  }
}
