import type { FileType } from '@nanite/contracts';

export const mebibyte = 2 ** 20;

/** What one file may cost. Each is several times what a large file of everyday needs; what is above it is set aside. */
export const limits = {
  /** Memory that the process that reads may have written to; its JavaScript heap is half of it. */
  memory: 1024 * mebibyte,
  heap: 512 * mebibyte,
  /** Memory of pdftotext, pdftoppm and tesseract: a page of A0 at 200 dpi is 60 MB. */
  toolMemory: 1024 * mebibyte,
  /** Text that is kept of one file, in UTF-16 units: Tolstoy's War and Peace has 3.2 million. */
  text: 32 * mebibyte,
  blocks: 400_000,
  /** Of an archive: everything that is unpacked of one file, and one entry. The largest workbooks have 300 MB of XML. */
  unpacked: 384 * mebibyte,
  entryUnpacked: 256 * mebibyte,
  archiveEntries: 20_000,
  /** Unpacked bytes a packed one, for archives above `ratioFrom`: XML of office programs packs 10 to 40 times, zeros 1030. */
  ratio: 200,
  ratioFrom: 32 * mebibyte,
  /** Pages without text of one file that are read by OCR: two to five seconds each. */
  ocrPages: 50,
  /** The CommonMark parser needs a second for this much; larger files are read as plain text. */
  markdown: 4 * mebibyte,
  /** Code that is parsed; larger files are made by programs. */
  code: 4 * mebibyte,
} as const;

/** Bytes of a file; a larger one is refused before it is opened. */
export function mostBytes(type: FileType): number {
  switch (type) {
    case 'pdf':
      return 1024 * mebibyte;
    case 'docx':
    case 'odt':
    case 'pptx':
    case 'xlsx':
    case 'epub':
      return 256 * mebibyte;
    case 'image':
      return 128 * mebibyte;
    default:
      return 64 * mebibyte;
  }
}

/** Milliseconds that a file of this size may take: twenty seconds, and ten for every further 8 MiB. */
export const mostMilliseconds = (size: number): number =>
  Math.min(120_000, 20_000 + Math.ceil(size / (8 * mebibyte)) * 10_000);
