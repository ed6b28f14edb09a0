import { NaniteError } from '@nanite/kit';
import { request } from 'undici';
import type { HttpClient } from './client';
import { requestFailed } from './failure';

export interface SmallAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/**
 * Fetch something small, such as a manifest, whole into memory.
 *
 * @param limit bytes beyond which the answer is refused
 * @throws NaniteError `source-unreachable`, `too-large` (502), or the guard's refusal
 */
export async function fetchSmall(
  client: HttpClient,
  url: string,
  {
    method = 'GET',
    headers = {},
    limit,
    signal,
  }: { method?: 'GET' | 'HEAD'; headers?: Record<string, string>; limit: number; signal: AbortSignal },
): Promise<SmallAnswer> {
  try {
    const answer = await request(url, { method, dispatcher: client.dispatcher, headers, signal });
    const parts: Buffer[] = [];
    let size = 0;
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) {
        throw new NaniteError('too-large', `${url} gives more than the ${limit} bytes that it may`, {
          status: 502,
        });
      }
      parts.push(piece);
    }
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) };
  } catch (error) {
    throw requestFailed(error, url);
  }
}
