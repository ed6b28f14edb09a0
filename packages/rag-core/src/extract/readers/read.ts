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
    case 'csv':
      return (await import('./csv')).readCsv(source);
    case 'notebook':
      return (await import('./notebook')).readNotebook(source);
    case 'mail':
      return (await import('./mail')).readMail(source);
    case 'docx':
      return (await import('./docx')).readDocx(source);
    case 'odt':
      return (await import('./odt')).readOdt(source);
    case 'pptx':
      return (await import('./pptx')).readPptx(source);
    case 'xlsx':
      return (await import('./spreadsheet')).readSpreadsheet(source);
    case 'epub':
      return (await import('./epub')).readEpub(source);
    case 'pdf':
      return (await import('./pdf')).readPages(source);
    case 'image':
      return (await import('./pdf')).readImage(source);
  }
}
