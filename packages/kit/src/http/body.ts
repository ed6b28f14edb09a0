import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { NaniteError } from '../errors';

/**
 * A request's JSON as the schema has it; no body at all is an empty object.
 *
 * @param mostBytes the largest body that is read
 * @throws NaniteError `too-large` 413, `bad-request` 400; ZodError
 */
export async function readBody<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
  mostBytes: number,
): Promise<z.output<T>> {
  const parts: Buffer[] = [];
  let size = 0;
  // Left early it stays open: a destroyed request takes its connection along, and the answer that says why with it.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new NaniteError('too-large', 'the request is too large', { status: 413 });
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  return schema.parse(text === '' ? {} : parsed(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NaniteError('bad-request', 'the request is not valid JSON', { status: 400, cause });
  }
}
