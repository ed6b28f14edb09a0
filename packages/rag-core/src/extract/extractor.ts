import type { FileType } from '@nanite/contracts';
import { CannotExtract, damaged } from './cannot-extract';
import { companyOf, filesEach, type Company } from './company';
import type { Passages } from '../chunk/passages';
import type { Extracted } from './extracted';
import { identify, identifyBytes } from './file-type';
import { limits, mostBytes, mostMilliseconds } from './limits';
import type { Answer, Question } from './protocol';
import { copyInto, openFile, Scratch, tooLarge, writeAll } from './scratch';
import { contents, ocr, ocrPage, pagesWithPictures, pdfText, toolMissing } from './tools';
import { defaultPaths, Worker, type WorkerPaths } from './worker';

/** A file that is read. */
export interface Source {
  path: Buffer;
  type: FileType;
  size: number;
}

export interface Extractor {
  /** The text of a file, with its places. Errors as of {@link Extractor.passages}. */
  extract(file: Source, signal: AbortSignal): Promise<Extracted>;
  /**
   * The passages of a file. They are cut where it is read: a large file keeps that process busy, not the service.
   *
   * @throws CannotExtract (`cannot-extract`, 422) with the reason; NaniteError `sandbox-missing` (503): nothing is read
   *   outside the sandbox; what open(2) reports; the signal's reason
   */
  passages(file: Source, signal: AbortSignal): Promise<Passages>;
  /** End the processes. */
  close(): Promise<void>;
}

/** After this long without a file the process ends: an idle service holds no memory for it. */
const idleMilliseconds = 5_000;

/**
 * What reads files, in processes without rights (docs/decisions/0101): for what our readers read one for each
 * {@link Company} of files, and one a file for Debian's programs. This process opens the file and hands over its bytes; it never looks into them.
 *
 * Files may be asked for at once; the readers take them one after another, and poppler beside them.
 */
export function createExtractor(
  options: Partial<WorkerPaths> & { milliseconds?: (size: number) => number } = {},
): Extractor {
  const paths = { ...defaultPaths(), ...options };
  const workers: Record<Company, Worker> = {
    text: new Worker(paths, filesEach.text),
    markup: new Worker(paths, filesEach.markup),
    code: new Worker(paths, filesEach.code),
    office: new Worker(paths, filesEach.office),
  };
  const mostTime = options.milliseconds ?? mostMilliseconds;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let idle: NodeJS.Timeout | undefined;

  const stop = () => Object.values(workers).forEach((worker) => worker.stop());

  /** Puts bytes before a worker and asks, when it is its turn. */
  function ask(
    question: Omit<Question, 'size'>,
    size: number,
    fill: (scratch: Scratch) => Promise<number>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const worker = workers[companyOf(question.type)];
    waiting++;
    clearTimeout(idle);
    const mine = turn.then(async () => {
      try {
        const filled = await fill(worker.scratch);
        const answer = await worker.ask({ ...question, size: filled }, mostTime(size), signal);
        if ('failure' in answer) throw new CannotExtract(answer.failure.reason, answer.failure.message);
        return answer;
      } finally {
        worker.scratch.empty();
        if (--waiting === 0) idle = setTimeout(stop, idleMilliseconds).unref();
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function read(
    { path, type: named }: Source,
    want: Question['want'],
    signal: AbortSignal,
  ): Promise<Read> {
    const { file, size } = await openFile(path);
    try {
      const name = path.subarray(path.lastIndexOf(0x2f) + 1).toString();
      const head = Buffer.alloc(Math.min(identifyBytes, size));
      await file.read(head, 0, head.length, 0);
      const type = settle(named, await identify(name, head));
      const most = mostBytes(type);
      if (size > most) throw tooLarge(most);
      const fd = file.fd;
      const question = { type, name, want };
      if (type === 'pdf' || type === 'image') {
        const found = type === 'pdf' ? await pagesOf(fd, size, signal) : await pictureText(fd, signal);
        const bytes = Buffer.from(found.text);
        return {
          answer: await ask(question, size, (scratch) => put(scratch, bytes), signal),
          warnings: found.warnings,
        };
      }
      return {
        answer: await ask(question, size, (scratch) => copyInto(scratch, fd, most, signal), signal),
        warnings: [],
      };
    } finally {
      await file.close();
    }
  }

  return {
    async extract(file, signal) {
      const { answer, warnings } = await read(file, 'blocks', signal);
      if (!('extracted' in answer)) throw damaged('the file');
      return { ...answer.extracted, warnings: [...warnings, ...answer.extracted.warnings] };
    },
    async passages(file, signal) {
      const { answer, warnings } = await read(file, 'passages', signal);
      if (!('passages' in answer)) throw damaged('the file');
      return { ...answer.passages, warnings: [...warnings, ...answer.passages.warnings] };
    },
    async close() {
      clearTimeout(idle);
      stop();
      await turn;
      clearTimeout(idle);
      Object.values(workers).forEach((worker) => worker.close());
    },
  };
}

interface Read {
  answer: Answer;
  /** What the programs before our readers left out. */
  warnings: string[];
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
    throw new CannotExtract('unknown-format', 'its content does not match its name, and is not text');
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
