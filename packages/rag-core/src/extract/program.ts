/**
 * The program inside the sandbox (dist/extract.mjs): reads one file after another and says what text each holds.
 *
 * A line of JSON on standard input asks, and the file lies open as descriptor 3; a line of JSON on standard output
 * answers. It opens nothing but its own bundle and grammars, and who reads the answer does not trust it.
 */
import { readSync, writeSync } from 'node:fs';
import { describeError } from '@nanite/kit';
import { chunkDocument } from '../chunk/chunk';
import { CannotExtract } from './cannot-extract';
import { read } from './readers/read';
import type { Answer, Question } from './protocol';

const file = 3;
const grammars = process.argv[2]!;

/** Reads without the event loop: what Node calls a pipe is a socket, and nothing about sockets is allowed in here. */
function readLine(): string | null {
  const parts: Buffer[] = [];
  const byte = Buffer.alloc(4096);
  for (;;) {
    const count = readSync(0, byte, 0, byte.length, null);
    if (count === 0) return null;
    parts.push(Buffer.from(byte.subarray(0, count)));
    // One question is asked at a time, so nothing follows its end.
    if (byte[count - 1] === 0x0a) return Buffer.concat(parts).toString('utf8');
  }
}

function contents(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const count = readSync(file, bytes, done, size - done, done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

async function answer(line: string): Promise<Answer> {
  try {
    const { type, size, name, want } = JSON.parse(line) as Question;
    const extracted = await read({ type, name, bytes: contents(size) }, grammars);
    if (want === 'blocks') return { extracted };
    const { blocks: _, ...facts } = extracted;
    return { passages: { ...facts, chunks: chunkDocument(extracted) } };
  } catch (error) {
    if (error instanceof CannotExtract) return { failure: { reason: error.reason, message: error.message } };
    return {
      failure: { reason: 'damaged', message: `the file is damaged: ${describeError(error).slice(0, 500)}` },
    };
  }
}

for (let line = readLine(); line !== null; line = readLine()) {
  const bytes = Buffer.from(`${JSON.stringify(await answer(line))}\n`);
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}
