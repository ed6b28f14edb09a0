import type { FileType } from '@nanite/contracts';
import { CannotExtract } from './cannot-extract';
import type { Extracted } from './extracted';
import { identify, identifyBytes } from './file-type';
import { limits, mostBytes, mostMilliseconds } from './limits';
import { copyInto, openFile, Scratch, tooLarge, writeAll } from './scratch';
import { contents, ocr, ocrPage, pagesWithPictures, pdfText, toolMissing } from './tools';
import { defaultPaths, Worker, type WorkerPaths } from './worker';

export interface Extractor {
  /**
   * The text of a file, with its places.
   *
   * @throws CannotExtract (`cannot-extract`, 422) with the reason; NaniteError `sandbox-missing` (503): nothing is read
   *   outside the sandbox; what open(2) reports; the signal's reason
   */
  extract(file: { path: Buffer; type: FileType; size: number }, signal: AbortSignal): Promise<Extracted>;
  /** End the processes. */
  close(): Promise<void>;
}

/** After this long without a file the process ends: an idle service holds no memory for it. */
const idleMilliseconds = 5_000;

/**
 * What reads files, in processes without rights (docs/decisions/0101): one that lives long for what our readers read, and
 * one a file for Debian's programs. This process opens the file and hands over its bytes; it never looks into them.
 *
 * Files may be asked for at once; the readers take them one after another, and poppler beside them.
 */
export function createExtractor(
  options: Partial<WorkerPaths> & { milliseconds?: (size: number) => number } = {},
): Extractor {
  const worker = new Worker({ ...defaultPaths(), ...options });
  const mostTime = options.milliseconds ?? mostMilliseconds;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let idle: NodeJS.Timeout | undefined;

  /** Puts bytes before the worker and asks, when it is its turn. */
  function ask(
    type: FileType,
    name: string,
    size: number,
    fill: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<Extracted> {
    waiting++;
    clearTimeout(idle);
    const mine = turn.then(async () => {
      try {
        const filled = await fill();
        const answer = await worker.ask({ type, name, size: filled }, mostTime(size), signal);
        if ('failure' in answer) throw new CannotExtract(answer.failure.reason, answer.failure.message);
        return answer.extracted;
      } finally {
        worker.scratch.empty();
        if (--waiting === 0) idle = setTimeout(() => worker.stop(), idleMilliseconds).unref();
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  }

  return {
    async extract({ path, type: named }, signal) {
      const { file, size } = await openFile(path);
      try {
        const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString();
        const head = Buffer.alloc(Math.min(identifyBytes, size));
        await file.read(head, 0, head.length, 0);
        const type = settle(named, await identify(name, head));
        const most = mostBytes(type);
        if (size > most) throw tooLarge(most);
        const fd = file.fd;
        if (type === 'pdf' || type === 'image') {
          const found = type === 'pdf' ? await pagesOf(fd, size, signal) : await pictureText(fd, signal);
          const bytes = Buffer.from(found.text);
          const extracted = await ask(type, name, size, () => put(worker.scratch, bytes), signal);
          return { ...extracted, warnings: [...found.warnings, ...extracted.warnings] };
        }
        return await ask(type, name, size, () => copyInto(worker.scratch, fd, most, signal), signal);
      } finally {
        await file.close();
      }
    },
    async close() {
      clearTimeout(idle);
      worker.stop();
      await turn;
      clearTimeout(idle);
      worker.close();
    },
  };
}

async function put(scratch: Scratch, bytes: Buffer): Promise<number> {
  scratch.empty();
  await writeAll(scratch, bytes, 0);
  return bytes.length;
}

const textual: readonly FileType[] = ['text', 'markdown', 'html', 'csv', 'notebook', 'mail', 'code'];

/** What the name says, unless the bytes say otherwise. */
function settle(named: FileType, found: FileType | null): FileType {
  if (found === null)
    throw new CannotExtract('unknown-format', 'what is in it is not what its name says, and no text');
  return textual.includes(named) && textual.includes(found) ? named : found;
}

interface Found {
  text: string;
  warnings: string[];
}

/** What poppler says of a PDF, and tesseract of the pages on which poppler finds nothing. */
async function pagesOf(pdf: number, size: number, signal: AbortSignal): Promise<Found> {
  const output = new Scratch();
  try {
    await pdfText(pdf, output, Math.ceil(mostMilliseconds(size) / 2_000), signal);
    const said = contents(output);
    const start = said.indexOf('<pre>\n') + 6;
    const end = said.lastIndexOf('\f');
    const pages = said.slice(start, end === -1 ? start : end).split('\f');
    const blank = end === -1 ? [] : pages.flatMap((page, at) => (page.trim() === '' ? [at + 1] : []));
    const empty = blank.length === 0 ? [] : await pagesWithPictures(pdf, blank, output, signal);
    if (empty.length === 0) return { text: said, warnings: [] };
    const warnings: string[] = [];
    const missing = toolMissing('tesseract');
    if (missing) {
      warnings.push(`${empty.length} of ${pages.length} pages have no text, and ${missing.message}`);
    } else {
      await readPictures(pdf, empty.slice(0, limits.ocrPages), pages, output, warnings, signal);
      if (empty.length > limits.ocrPages) {
        warnings.push(
          `${empty.length} pages have no text: the first ${limits.ocrPages} of them were read by OCR`,
        );
      }
    }
    return { text: `${said.slice(0, start)}${pages.join('\f')}\f</pre>`, warnings };
  } finally {
    output.close();
  }
}

/** Read pages by OCR into `pages`. A page that cannot be read is named and stays empty. */
async function readPictures(
  pdf: number,
  wanted: readonly number[],
  pages: string[],
  output: Scratch,
  warnings: string[],
  signal: AbortSignal,
): Promise<void> {
  const picture = new Scratch();
  try {
    for (const page of wanted) {
      try {
        pages[page - 1] = (await ocrPage(pdf, page, picture, output, signal)).replaceAll('\f', '\n');
      } catch (error) {
        if (!(error instanceof CannotExtract)) throw error;
        warnings.push(`page ${page} has no text, and OCR failed: ${error.message}`);
      }
    }
  } finally {
    picture.close();
  }
}

async function pictureText(image: number, signal: AbortSignal): Promise<Found> {
  const output = new Scratch();
  try {
    return { text: await ocr(image, output, signal), warnings: [] };
  } finally {
    output.close();
  }
}
