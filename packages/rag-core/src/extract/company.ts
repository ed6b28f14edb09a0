import type { FileType } from '@nanite/contracts';

/**
 * Files that one process reads one after another. A file that takes its reader over can forge the text of what the same
 * process reads after it, so files share one only with those whose readers are alike (docs/decisions/0101).
 */
export type Company = 'text' | 'markup' | 'code' | 'office';

/**
 * Files that one process reads in its life. A new one costs 0.1 s, with the reader of an office document 0.3 s; measured in
 * docs/benchmarks.md.
 */
export const filesEach: Record<Company, number> = { text: 200, markup: 100, code: 100, office: 10 };

export function companyOf(type: FileType): Company {
  switch (type) {
    // Lines, and what poppler and tesseract made, each in a process of its own.
    case 'text':
    case 'markdown':
    case 'csv':
    case 'pdf':
    case 'image':
      return 'text';
    case 'html':
    case 'mail':
    case 'notebook':
      return 'markup';
    // Grammars are machine code inside V8's WebAssembly.
    case 'code':
      return 'code';
    // Archives of XML, with readers of megabytes.
    case 'docx':
    case 'odt':
    case 'pptx':
    case 'xlsx':
    case 'epub':
      return 'office';
  }
}
