import type { IncomingMessage } from 'node:http';
import { NaniteError } from '@nanite/kit';
import type { z } from 'zod';

/** A Modelfile with its licence is the largest. */
const mostBytes = 8 * 1024 * 1024;

/** @throws NaniteError `too-large` 413, `bad-request` 400; ZodError */
export async function readBody<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
): Promise<z.output<T>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new NaniteError('too-large', 'the request is too large', { status: 413 });
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return schema.parse(text === '' ? {} : JSON.parse(text));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new NaniteError('bad-request', 'the request is no JSON', { status: 400, cause });
  }
}
