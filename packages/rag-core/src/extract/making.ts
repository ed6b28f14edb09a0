/** Files for tests, made by the programs that people make such files with. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import PDFDocument from 'pdfkit';

const folder = mkdtempSync(join(tmpdir(), 'nanite-extract-files-'));
let made = 0;

/** A path for a new file of this name. */
export function newPath(name: string): string {
  const path = join(mkdtempSync(join(folder, `${made++}-`)), name);
  return path;
}

export function written(name: string, content: string | Uint8Array): string {
  const path = newPath(name);
  writeFileSync(path, content);
  return path;
}

/** What pandoc makes of Markdown, by the end of the name. */
export function byPandoc(name: string, markdown: string): string {
  const path = newPath(name);
  execFileSync('pandoc', ['--standalone', '--from=markdown', `--output=${path}`], { input: markdown, stdio: ['pipe', 'ignore', 'ignore'] }); // prettier-ignore
  return path;
}

/** A PDF with a page for each text; an empty one is a page without text. */
export async function pdf(pages: readonly string[], info: { Title?: string } = {}): Promise<string> {
  const path = newPath('made.pdf');
  const document = new PDFDocument({ info, autoFirstPage: false });
  const out = createWriteStream(path);
  document.pipe(out);
  for (const text of pages) document.addPage().fontSize(14).text(text);
  document.end();
  await finished(out);
  return path;
}

/** A picture of a page of text, as a scanner makes it. */
export function pictureOf(path: string, page = 1): string {
  const base = newPath('scan');
  execFileSync('pdftoppm', ['-png', '-r', '150', '-gray', '-f', String(page), '-l', String(page), '-singlefile', path, base]); // prettier-ignore
  return `${base}.png`;
}

/** A PDF whose pages are pictures: `null` for the picture, text for a page of text. */
export async function scannedPdf(picture: string, pages: readonly (string | null)[]): Promise<string> {
  const path = newPath('scan.pdf');
  const document = new PDFDocument({ autoFirstPage: false });
  const out = createWriteStream(path);
  document.pipe(out);
  for (const text of pages) {
    document.addPage();
    if (text === null) document.image(picture, 0, 0, { fit: [612, 792] });
    else document.fontSize(14).text(text);
  }
  document.end();
  await finished(out);
  return path;
}
