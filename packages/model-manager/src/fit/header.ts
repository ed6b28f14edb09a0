import { open } from 'node:fs/promises';
import { NaniteError } from '@nanite/kit';
import { request } from 'undici';
import type { inspect, GateFacts } from '../gate/gate';
import { limits } from '../gate/limits';
import { Refusal } from '../gate/refusal';
import { httpClient } from '../http/client';
import { requestFailed } from '../http/failure';
import type { ResolvedFile } from '../sources/resolved';

/** Most headers are shorter than the first; those with large vocabularies than the second. */
const portions = [2 * 2 ** 20, 12 * 2 ** 20, 48 * 2 ** 20, limits.headerBytes];

/**
 * Write a hollow copy of a model's file to `path`: its header, fetched by range, and nothing else of its size.
 *
 * llama.cpp reckons what a model needs from the header and the size alone. The header is examined by the gate first.
 * @throws NaniteError `unsupported` where the size is not known; Refusal; what the source throws
 */
export async function hollowCopy(
  file: ResolvedFile,
  path: string,
  look: typeof inspect,
  options: { insecure: boolean; signal: AbortSignal },
): Promise<GateFacts> {
  const { size } = file;
  if (size === null) {
    throw new NaniteError('unsupported', `${file.name}: its source does not say how large it is`, {
      status: 501,
      hint: 'pull it first, then try again',
    });
  }
  for (const portion of portions) {
    const bytes = await firstBytes(file, Math.min(portion, size), options);
    const copy = await open(path, 'w');
    try {
      await copy.writeFile(bytes);
      const facts = await look(path, { size, signal: options.signal });
      await copy.truncate(size);
      return facts;
    } catch (error) {
      const goesOn = error instanceof Refusal && error.reason === 'truncated' && bytes.length < size;
      if (!goesOn || portion === portions.at(-1)) throw error;
    } finally {
      await copy.close();
    }
  }
  throw new Error('unreachable: the last portion returns or throws');
}

async function firstBytes(
  file: ResolvedFile,
  count: number,
  { insecure, signal }: { insecure: boolean; signal: AbortSignal },
): Promise<Buffer> {
  if (file.path !== undefined) {
    const local = await open(file.path);
    try {
      const { buffer, bytesRead } = await local.read(Buffer.alloc(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await local.close();
    }
  }
  const { url, headers, insecure: allowed } = await file.locate();
  try {
    const answer = await request(url, {
      dispatcher: httpClient(allowed ?? insecure).dispatcher,
      headers: { ...headers, range: `bytes=0-${count - 1}` },
      signal,
    });
    if (answer.statusCode !== 206 && answer.statusCode !== 200) {
      answer.body.destroy();
      throw new NaniteError('source-unreachable', `${new URL(url).host} answers ${answer.statusCode}`, {
        status: 502,
      });
    }
    const parts: Buffer[] = [];
    let length = 0;
    // A server that ignores ranges sends all: it is left when there is enough.
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      parts.push(part);
      length += part.length;
      if (length >= count) break;
    }
    return Buffer.concat(parts).subarray(0, count);
  } catch (error) {
    throw error instanceof NaniteError ? error : requestFailed(error, url);
  }
}
