import { isUtf8 } from 'node:buffer';
import type { FileType } from '@nanite/contracts';
import { fileTypeFromBuffer } from 'file-type';
import { languageOf } from './languages';

/** Bytes from the start of a file that {@link identify} wants; fewer where the file is shorter. */
export const identifyBytes = 4_100;

const byExtension: Record<string, FileType> = {
  md: 'markdown', markdown: 'markdown', mdown: 'markdown', mkd: 'markdown', mdx: 'markdown', qmd: 'markdown', rmd: 'markdown',
  html: 'html', htm: 'html', xhtml: 'html',
  pdf: 'pdf',
  docx: 'docx', docm: 'docx', dotx: 'docx',
  odt: 'odt', ott: 'odt', fodt: 'odt',
  pptx: 'pptx', pptm: 'pptx', ppsx: 'pptx', potx: 'pptx',
  xlsx: 'xlsx', xlsm: 'xlsx', xls: 'xlsx', ods: 'xlsx', xlsb: 'xlsx',
  csv: 'csv', tsv: 'csv',
  epub: 'epub',
  ipynb: 'notebook',
  eml: 'mail',
  png: 'image', jpg: 'image', jpeg: 'image', tif: 'image', tiff: 'image', webp: 'image', bmp: 'image', gif: 'image', pnm: 'image', ppm: 'image', pgm: 'image',
}; // prettier-ignore

const byMagic: Record<string, FileType> = {
  pdf: 'pdf',
  docx: 'docx',
  docm: 'docx',
  dotx: 'docx',
  odt: 'odt',
  ott: 'odt',
  pptx: 'pptx',
  pptm: 'pptx',
  ppsx: 'pptx',
  xlsx: 'xlsx',
  xlsm: 'xlsx',
  ods: 'xlsx',
  epub: 'epub',
  png: 'image',
  jpg: 'image',
  tif: 'image',
  webp: 'image',
  bmp: 'image',
  gif: 'image',
};

/** Types that are archives of XML, which a name alone tells apart where the first bytes say only `zip`. */
const zipped: readonly FileType[] = ['docx', 'odt', 'pptx', 'xlsx', 'epub'];
const textual: readonly FileType[] = ['text', 'markdown', 'html', 'csv', 'notebook', 'mail', 'code'];

/** Extension of a name, in lower case; empty where it has none. */
export function extensionOf(name: string): string {
  const found = /[^/]\.([^./\s]{1,16})$/.exec(name);
  return found ? found[1]!.toLowerCase() : '';
}

/**
 * What a file is, by its name and its first bytes; null for what has no text that is read here (programs, archives,
 * sound, films, databases).
 *
 * The bytes decide, and the name tells apart what looks alike: a photograph called notes.txt is an image, and Markdown is
 * text whose name says so.
 * @param name last part of the path; bytes that are not UTF-8 may stand in it as U+FFFD
 * @param head the first {@link identifyBytes} of the file
 */
export async function identify(name: string, head: Uint8Array): Promise<FileType | null> {
  const named = byExtension[extensionOf(name)] ?? null;
  if (head.byteLength === 0) return named && textual.includes(named) ? named : 'text';
  if (startsWith(head, '%PDF-')) return 'pdf';
  // The mark of UTF-16 is also that of frames of MP3.
  if (startsWith(head, '\xff\xfe') || startsWith(head, '\xfe\xff'))
    return named && textual.includes(named) ? named : 'text';
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  const magic = found && byMagic[found.ext];
  // The bytes of an office file may begin so that only its directory, at the end, would tell its kind.
  if (found?.ext === 'zip') return named && zipped.includes(named) ? named : null;
  if (found?.ext === 'cfb') return named === 'xlsx' || named === 'docx' || named === 'pptx' ? named : null;
  if (magic) return magic;
  if (found && !/^(?:xml|svg|html|rtf|ics|vcf|vtt|ps|eps|pgp|pem|asc)/.test(found.ext)) return null;
  if (/^P[1-6]\s/.test(latin1(head, 3)) && named === 'image') return 'image';
  if (!isText(head)) return null;
  if (named && textual.includes(named)) return named;
  // An office file without its archive, or an image that is none, is not text either.
  if (named) return null;
  const start = latin1(head, 512);
  if (/^\s*(?:<!doctype html|<html[\s>])/i.test(start)) return 'html';
  return languageOf(name, start) ? 'code' : 'text';
}

const latin1 = (bytes: Uint8Array, length: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.byteLength)).toString('latin1');

const startsWith = (bytes: Uint8Array, text: string) => latin1(bytes, text.length) === text;

/** Whether bytes are text in any encoding: no control characters but white space, or UTF-16. */
function isText(head: Uint8Array): boolean {
  let zeros = 0;
  let control = 0;
  for (const byte of head) {
    if (byte === 0) zeros++;
    else if (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b) control++;
  }
  if (zeros > 0) return control === 0 && zeros > head.byteLength * 0.3 && zeros < head.byteLength * 0.6;
  return control <= head.byteLength * (isUtf8(head) ? 0.01 : 0.001);
}
