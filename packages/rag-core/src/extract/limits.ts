import type { FileType } from '@nanite/contracts';

export const mebibyte = 2 ** 20;

/** What one file may cost. Each is several times what a large file of everyday needs; what is above it is set aside. */
export const limits = {
  /** Memory that the process that reads may have written to; its JavaScript heap is half of it. */
  memory: 1024 * mebibyte,
  heap: 512 * mebibyte,
  /** Memory of pdftotext, pdftoppm and tesseract. A page is drawn with at most 2400 pixels a side: 6 MB. */
  toolMemory: 1024 * mebibyte,
  /** Text that is kept of one file, in UTF-16 units: Tolstoy's War and Peace has 3.2 million. It becomes 13,000 passages. */
  text: 8 * mebibyte,
  blocks: 200_000,
  /** Of an archive: everything that is unpacked of one file, and one entry. The largest workbooks have 300 MB of XML. */
  unpacked: 384 * mebibyte,
  entryUnpacked: 256 * mebibyte,
  archiveEntries: 20_000,
  /** Unpacked bytes a packed one, for archives above `ratioFrom`: XML of office programs packs 10 to 40 times, zeros 1030. */
  ratio: 200,
  ratioFrom: 32 * mebibyte,
  /** Pages without text of one file that are read by OCR: two to five seconds each. */
  ocrPages: 50,
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

/**
 * Milliseconds that a file of this size may take: a minute, and ten seconds for every 8 MiB. A DOCX of 700 pages takes 5 s
 * on two quiet cores and 12 s on busy ones.
 */
export const mostMilliseconds = (size: number): number =>
  Math.min(180_000, 60_000 + Math.floor(size / (8 * mebibyte)) * 10_000);
