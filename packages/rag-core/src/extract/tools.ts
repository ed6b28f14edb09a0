import { closeSync, existsSync, readdirSync, readSync } from 'node:fs';
import { runSandboxed, type Ran } from '@nanite/kit';
import { CannotExtract } from './cannot-extract';
import { limits, mebibyte } from './limits';
import { readerOf, writerOf, type Scratch } from './scratch';

/** Debian's programs that read PDF and images, each file in a sandboxed process of its own. */
const programs = {
  pdftotext: { path: '/usr/bin/pdftotext', package: 'poppler-utils' },
  pdfimages: { path: '/usr/bin/pdfimages', package: 'poppler-utils' },
  pdftoppm: { path: '/usr/bin/pdftoppm', package: 'poppler-utils' },
  tesseract: { path: '/usr/bin/tesseract', package: 'tesseract-ocr' },
} as const;

type Tool = keyof typeof programs;

export const toolMissing = (tool: Tool): CannotExtract | null =>
  existsSync(programs[tool].path)
    ? null
    : new CannotExtract('no-tool', `${tool} is not installed`, {
        hint: `apt install ${programs[tool].package}`,
      });

/** Fonts that a page may need which brings none. */
const fonts = ['/etc/fonts', '/var/cache/fontconfig'];

/** @param input open file that the tool reads as its standard input @param output where its standard output goes */
async function run(
  tool: Tool,
  options: readonly string[],
  {
    input,
    output,
    seconds,
    most,
    signal,
  }: { input: number; output: Scratch; seconds: number; most: number; signal: AbortSignal },
): Promise<Ran> {
  const missing = toolMissing(tool);
  if (missing) throw missing;
  output.empty();
  const stdin = readerOf(input);
  const stdout = writerOf(output.fd);
  try {
    return await runSandboxed({
      command: [programs[tool].path, ...options],
      stdin,
      stdout,
      fileBytes: most,
      environment: { HOME: '/nonexistent', OMP_THREAD_LIMIT: '1' },
      readable: fonts.filter((path) => existsSync(path)),
      memory: limits.toolMemory,
      cpuSeconds: seconds,
      milliseconds: 2_000 * seconds,
      signal,
    });
  } finally {
    closeSync(stdin);
    closeSync(stdout);
  }
}

/**
 * The text of a PDF, with its title before it and a form feed behind each page. Scripts in it are not run: poppler's
 * programs have no interpreter for them.
 *
 * @throws CannotExtract
 */
export async function pdfText(
  file: number,
  output: Scratch,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const most = 8 * limits.text;
  const ran = await run('pdftotext', ['-q', '-htmlmeta', '-enc', 'UTF-8', '-', '-'], { input: file, output, seconds, most, signal }); // prettier-ignore
  if (ran.code === 0) return;
  // Quiet, it says nothing of why: asked again, it does.
  const again = ran.code === null ? ran : await run('pdftotext', ['-l', '1', '-', '-'], { input: file, output, seconds, most, signal }); // prettier-ignore
  throw failed('pdftotext', again.code === 0 ? ran : again);
}

function failed(tool: Tool, ran: Ran): CannotExtract {
  const { overran, signal, code, stderr } = ran;
  const cause = stderr.trim().slice(-2000) || signal || code;
  if (/incorrect password|encrypt/i.test(stderr)) {
    return new CannotExtract('encrypted', 'it is encrypted, and its password is not known', { cause });
  }
  if (overran || signal === 'SIGXCPU' || signal === 'SIGKILL') {
    return new CannotExtract('too-slow', 'reading it takes too long for a file of its size', {
      cause,
    });
  }
  if (signal === 'SIGXFSZ') return new CannotExtract('bomb', 'it unpacks to far too much', { cause });
  if (/out of memory|bad_alloc/i.test(stderr)) {
    return new CannotExtract('too-much-memory', 'reading it takes too much memory', {
      cause,
    });
  }
  if (signal !== null) return new CannotExtract('crashed', `${tool} crashed while reading it`, { cause });
  return new CannotExtract('damaged', `it is damaged: ${tool} cannot read it`, { cause });
}

/** Seconds that one page may take. */
const pageSeconds = 60;

/**
 * A scan has this many pixels in each direction, however many strips it comes in: a page of letter size at 72 dpi. What
 * has fewer is a logo or a photograph, or could not be read by OCR either.
 */
const scanned = 600;

/** Those of these pages that hold a picture as large as a scan. An empty page holds none, and needs no OCR. */
export async function pagesWithPictures(
  pdf: number,
  pages: readonly number[],
  output: Scratch,
  signal: AbortSignal,
): Promise<number[]> {
  const first = Math.min(...pages);
  const last = Math.max(...pages);
  const options = ['-list', '-f', String(first), '-l', String(last), '-'];
  const ran = await run('pdfimages', options, {
    input: pdf,
    output,
    seconds: pageSeconds,
    most: 16 * mebibyte,
    signal,
  });
  if (ran.code !== 0) return [...pages];
  const heights = new Map<number, number>();
  // page, number, type, width, height
  for (const [, page, width, height] of contents(output).matchAll(
    /^\s*(\d+)\s+\d+\s+(?:image|stencil)\s+(\d+)\s+(\d+)/gm,
  )) {
    if (Number(width) >= scanned)
      heights.set(Number(page), (heights.get(Number(page)) ?? 0) + Number(height));
  }
  return pages.filter((page) => (heights.get(page) ?? 0) >= scanned);
}

/** The text of a page of a PDF that holds only a picture of it. */
export async function ocrPage(
  pdf: number,
  page: number,
  picture: Scratch,
  output: Scratch,
  signal: AbortSignal,
): Promise<string> {
  // 205 dpi on A4: letters of 10 points are 28 pixels high, which tesseract reads well.
  const options = ['-q', '-gray', '-f', String(page), '-l', String(page), '-scale-to', '2400', '-'];
  const ran = await run('pdftoppm', options, {
    input: pdf,
    output: picture,
    seconds: pageSeconds,
    most: 64 * mebibyte,
    signal,
  });
  if (ran.code !== 0) throw failed('pdftoppm', ran);
  return ocr(picture.fd, output, signal);
}

/** The text in a picture. */
export async function ocr(picture: number, output: Scratch, signal: AbortSignal): Promise<string> {
  const options = { input: picture, output, seconds: pageSeconds, most: 4 * mebibyte, signal };
  const ran = await run('tesseract', ['stdin', 'stdout', ...languages()], options);
  if (ran.code !== 0) throw failed('tesseract', ran);
  return contents(output);
}

const trained = '/usr/share/tesseract-ocr/5/tessdata';
/** Each more makes OCR slower. */
const mostLanguages = 3;

/** Whoever installs tesseract-ocr-deu wants German to be read. English, which always comes along, is the last. */
function languages(): string[] {
  if (!existsSync(trained)) return [];
  const names = readdirSync(trained).flatMap(
    (name) => /^([a-z]{3}(?:_\w+)?)\.traineddata$/.exec(name)?.[1] ?? [],
  );
  const others = names.filter((name) => name !== 'osd' && name !== 'eng').sort();
  return ['-l', [...others.slice(0, mostLanguages - 1), 'eng'].join('+')];
}

/** All that a scratch file holds, as UTF-8. */
export function contents(scratch: Scratch): string {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const buffer = Buffer.allocUnsafe(mebibyte);
    const count = readSync(scratch.fd, buffer, 0, buffer.length, at);
    if (count === 0) return Buffer.concat(parts).toString('utf8');
    parts.push(buffer.subarray(0, count));
    at += count;
  }
}
