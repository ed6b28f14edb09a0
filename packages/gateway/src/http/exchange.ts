import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { BusyError } from '../memory/busy';
import { problemOf } from './problem';
import type { Shape } from './shapes';

/** Errors that do not go away by themselves: OpenAI's and Anthropic's clients would try every 5xx again. */
const lasting = new Set(['model-too-large', 'backend-missing', 'backend-refused']);

/** One request and its answer. */
export class Exchange {
  /** Nanoseconds of the monotonic clock at which the request arrived. */
  readonly received = process.hrtime.bigint();
  /** What the access log says besides who, what and how long. */
  model: string | null = null;
  problem: NaniteError | null = null;
  #gone: AbortController | null = null;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly path: string,
    readonly identity: Identity,
    readonly shape: Shape,
  ) {}

  /** Aborted when the client is gone before its answer is complete. */
  get signal(): AbortSignal {
    if (this.#gone === null) {
      const gone = new AbortController();
      this.#gone = gone;
      const leave = () => gone.abort(new NaniteError('client-gone', 'the client is gone', { status: 499 }));
      if (this.isGone) leave();
      else this.res.once('close', () => void (!this.res.writableFinished && leave()));
    }
    return this.#gone.signal;
  }

  get isGone(): boolean {
    return this.res.destroyed;
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  json(body: unknown, status = 200): void {
    this.text(JSON.stringify(body), 'application/json; charset=utf-8', status);
  }

  text(body: string, type: string, status = 200): void {
    if (this.isGone) return;
    const bytes = Buffer.from(body);
    this.res.writeHead(status, { 'content-type': type, 'content-length': bytes.length });
    this.res.end(this.req.method === 'HEAD' ? undefined : bytes);
  }

  /**
   * Answer with an error in the API's shape; of a stream that has begun: end it with one.
   *
   * @param streamEnd how such a stream ends, where that is more than the shape knows
   */
  fail(thrown: unknown, streamEnd = (error: NaniteError) => this.shape.streamEnd(error)): void {
    const error = problemOf(thrown);
    this.problem = error;
    const { res } = this;
    if (this.isGone || res.writableEnded) return;
    if (res.headersSent) {
      res.end(streamEnd(error));
      return;
    }
    if (error instanceof BusyError) res.setHeader('retry-after', String(error.retryAfter));
    if (lasting.has(error.code)) res.setHeader('x-should-retry', 'false');
    if (error.status === 401) res.setHeader('www-authenticate', 'Bearer');
    this.text(this.shape.body(error), 'application/json; charset=utf-8', error.status);
  }
}
