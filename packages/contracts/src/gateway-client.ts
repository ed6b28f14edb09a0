import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { z } from 'zod';
import { ApiError } from './engine';
import type { GatewayStatus } from './gateway';
import {
  OllamaChatResponse,
  OllamaError,
  OllamaPs,
  OllamaShowResponse,
  OllamaTags,
  type OllamaChatRequest,
} from './ollama';
import { ApiFailure } from './socket-request';

/** Where a gateway (or any server of Ollama's API) listens. */
export type GatewayAddress =
  { kind: 'unix'; socketPath: string } | { kind: 'tcp'; url: URL; token: string | null };

/** Largest answer that is not a stream, and largest line of a stream, in characters. */
const mostCharacters = 64 * 1024 * 1024;

/**
 * The gateway's API as functions, over its unix socket or TCP.
 *
 * Every call may throw ApiFailure: `unreachable` (nothing listens there), `no-access` (the socket's permissions),
 * `broken-off` (the connection ended before the answer did), `bad-answer`, or what the server said: its own code for
 * our endpoints, `http-<status>` for Ollama's, whose errors have none.
 *
 * It is built on node:http and not on fetch, because loading fetch takes Node 20 longer (22 ms) than asking.
 */
export class GatewayClient {
  constructor(readonly address: GatewayAddress) {}

  /** Address in words. */
  get where(): string {
    return this.address.kind === 'unix' ? this.address.socketPath : this.address.url.origin;
  }

  /**
   * Ask, and get the answer in pieces as it is made; the last has `done: true` and the counts. Leaving the loop, or
   * aborting the signal, cancels the request.
   */
  async *chat(
    request: OllamaChatRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<OllamaChatResponse, void, void> {
    const answer = await this.send('POST', '/api/chat', { ...request, stream: true }, signal);
    try {
      for await (const line of this.lines(answer)) {
        const value = parseJson(line);
        const failure = OllamaError.safeParse(value);
        if (failure.success) throw new ApiFailure(500, 'http-500', failure.data.error);
        const chunk = this.checked(OllamaChatResponse, value, '/api/chat');
        yield chunk;
        if (chunk.done) return;
      }
      throw this.brokenOff();
    } finally {
      answer.destroy();
    }
  }

  /** Load a model without asking it anything, or with `keep_alive: 0` unload it. */
  async load(model: string, keepAlive?: string | number, signal?: AbortSignal): Promise<void> {
    const body = { model, messages: [], stream: false, keep_alive: keepAlive };
    await this.json(OllamaChatResponse, 'POST', '/api/chat', body, signal);
  }

  tags(signal?: AbortSignal): Promise<OllamaTags> {
    return this.json(OllamaTags, 'GET', '/api/tags', undefined, signal);
  }

  show(model: string, signal?: AbortSignal): Promise<OllamaShowResponse> {
    return this.json(OllamaShowResponse, 'POST', '/api/show', { model }, signal);
  }

  ps(signal?: AbortSignal): Promise<OllamaPs> {
    return this.json(OllamaPs, 'GET', '/api/ps', undefined, signal);
  }

  /** Of a Nanite gateway only. */
  async status(signal?: AbortSignal): Promise<GatewayStatus> {
    // Loaded when asked for: building the schemas of the status costs `nanite ask` 8 ms at each start.
    const { GatewayStatus: schema } = await import('./gateway');
    return this.json(schema, 'GET', '/nanite/v1/status', undefined, signal);
  }

  private async json<T>(
    schema: z.ZodType<T>,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const answer = await this.send(method, path, body, signal);
    return this.checked(schema, parseJson(await this.text(answer)), path);
  }

  private checked<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new ApiFailure(
      502,
      'bad-answer',
      `${this.where} answered ${path} with something we do not know`,
      null,
      {
        cause: result.error,
      },
    );
  }

  /** Resolves with the answer once its status is 2xx. */
  private async send(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string | number> = { accept: 'application/json, application/x-ndjson' };
    if (sent !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = sent.length;
    }
    const options: RequestOptions = { method, headers, signal, agent: false };
    let url = new URL(`http://localhost${path}`);
    if (this.address.kind === 'unix') {
      options.socketPath = this.address.socketPath;
    } else {
      url = new URL(path.slice(1), new URL(this.address.url.href.replace(/\/*$/, '/')));
      if (this.address.token !== null) headers['authorization'] = `Bearer ${this.address.token}`;
    }
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(url, options, resolve);
      // Also keeps an error after the answer began from being thrown at the process; the reader sees it as well.
      call.on('error', (cause) => reject(this.notSent(cause, signal)));
      call.end(sent);
    });
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw await this.failure(answer, status);
  }

  private notSent(cause: Error, signal: AbortSignal | undefined): Error {
    if (signal?.aborted) return cause;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM') {
      return new ApiFailure(403, 'no-access', `you may not connect to ${this.where}`, null, { cause });
    }
    if (code === 'ECONNRESET' || code === 'EPIPE') return this.brokenOff(cause);
    return new ApiFailure(503, 'unreachable', `nothing answers on ${this.where}`, null, { cause });
  }

  private brokenOff(cause?: unknown): ApiFailure {
    const message = `the answer broke off: ${this.where} closed the connection`;
    return new ApiFailure(502, 'broken-off', message, null, { cause });
  }

  private async failure(answer: IncomingMessage, status: number): Promise<ApiFailure> {
    const wait = Number(answer.headers['retry-after']);
    const hint = Number.isFinite(wait) && wait > 0 ? `try again in ${wait} s` : null;
    const value = parseJson(await this.text(answer));
    const ours = ApiError.safeParse(value);
    if (ours.success) {
      const { code, message, hint: given } = ours.data.error;
      return new ApiFailure(status, code, message, given ?? hint);
    }
    const ollama = OllamaError.safeParse(value);
    const message = ollama.success ? ollama.data.error : `${this.where} answered with status ${status}`;
    return new ApiFailure(status, `http-${status}`, message, hint);
  }

  private async text(answer: IncomingMessage): Promise<string> {
    answer.setEncoding('utf8');
    let text = '';
    try {
      for await (const piece of answer as AsyncIterable<string>) {
        text += piece;
        if (text.length > mostCharacters) break;
      }
    } catch (cause) {
      throw this.interrupted(cause);
    }
    return text;
  }

  private async *lines(answer: IncomingMessage): AsyncGenerator<string, void, void> {
    answer.setEncoding('utf8');
    let rest = '';
    try {
      for await (const piece of answer as AsyncIterable<string>) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > mostCharacters) throw this.brokenOff();
        for (const line of lines) if (line.trim() !== '') yield line;
      }
    } catch (cause) {
      throw this.interrupted(cause);
    }
    if (rest.trim() !== '') yield rest;
  }

  private interrupted(cause: unknown): unknown {
    const code = (cause as NodeJS.ErrnoException | null)?.code;
    return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' ? this.brokenOff(cause) : cause;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
