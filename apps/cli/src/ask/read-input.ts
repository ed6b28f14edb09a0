import { fstatSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { NaniteError } from '@nanite/kit';

/** Most bytes taken from standard input or a file: what the service takes as one request. */
export const mostBytes = 32 * 1024 * 1024;

export type Attachment =
  { kind: 'text'; name: string; text: string } | { kind: 'image'; name: string; base64: string };

function isImage(content: Buffer): boolean {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, i) => content[i] === byte);
  return (
    begins(0x89, 0x50, 0x4e, 0x47) || // PNG
    begins(0xff, 0xd8, 0xff) || // JPEG
    begins(0x47, 0x49, 0x46, 0x38) || // GIF
    (begins(0x52, 0x49, 0x46, 0x46) && content.toString('latin1', 8, 12) === 'WEBP')
  );
}

function decode(content: Buffer, name: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    if (!text.includes('\0')) return text;
  } catch {
    // Falls through: told below, in the same words as for a NUL byte.
  }
  throw new NaniteError('bad-file', `${name} is neither text in UTF-8 nor an image`, {
    hint: 'convert it first, for example: pdftotext paper.pdf - | nanite ask "What does it say?"',
  });
}

/**
 * Read a file that goes with a question.
 *
 * @throws NaniteError `bad-file` where it cannot be read, is too large, or is neither text nor image
 */
export function readAttachment(path: string): Attachment {
  const name = basename(path);
  let content: Buffer;
  try {
    const { size } = statSync(path);
    if (size > mostBytes) throw tooLarge(path);
    content = readFileSync(path);
  } catch (cause) {
    if (cause instanceof NaniteError) throw cause;
    throw new NaniteError('bad-file', `cannot read ${path}`, { cause });
  }
  if (content.length > mostBytes) throw tooLarge(path);
  return isImage(content)
    ? { kind: 'image', name, base64: content.toString('base64') }
    : { kind: 'text', name, text: decode(content, path) };
}

function tooLarge(name: string): NaniteError {
  return new NaniteError('bad-file', `${name} is larger than ${mostBytes / 1024 / 1024} MiB`, {
    hint: 'no model can take in that much; send the part that matters',
  });
}

/** Whether something is piped or redirected into this program. */
export function hasPipedInput(): boolean {
  if (process.stdin.isTTY) return false;
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    // Closed (`<&-`): nothing comes.
    return false;
  }
}

/**
 * All of standard input as text. Where nothing comes for a while, `onWait` is called once: a person may be looking at a
 * program that waits for a pipe which never ends.
 *
 * @throws NaniteError `bad-file`
 */
export async function readPipedInput(onWait: () => void, waitMs = 2000): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(onWait, waitMs);
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      size += chunk.length;
      if (size > mostBytes) throw tooLarge('standard input');
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return decode(Buffer.concat(chunks), 'standard input');
}
