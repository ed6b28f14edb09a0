import { NaniteError } from '@nanite/kit';
import { BusyError } from '../memory/busy';
import type { Exchange } from './exchange';
import { isDeeperThan } from './json-depth';

export interface BodyLimits {
  /** Largest body, in bytes. */
  maxBodyBytes: number;
  /** All bodies held at once, in bytes. */
  maxBufferedBytes: number;
}

/** A JSON object and the bytes it came as. */
export interface JsonBody {
  bytes: Buffer;
  value: Record<string, unknown>;
}

function tooLarge(limit: number): NaniteError {
  return new NaniteError('body-too-large', `the request body is larger than ${limit} bytes`, {
    status: 413,
    hint: 'the administrator can raise gateway.maxBodyBytes',
  });
}

/** Levels of arrays and objects in a body. Schemas of tools have a few dozen. */
const maxDepth = 500;

/** How long, and how much at least, is read of a body that was refused. */
const drainMs = 3_000;
const minDrainBytes = 16 * 2 ** 20;

/** Reads bodies, and counts what all clients together make us hold. */
export class BodyReader {
  #held = 0;

  /** @param mostMs how long a body may take to arrive, in milliseconds */
  constructor(
    private readonly limits: BodyLimits,
    private readonly mostMs = 120_000,
  ) {}

  get heldBytes(): number {
    return this.#held;
  }

  /**
   * The body as a JSON object. The bytes count as held until the answer is done.
   *
   * @param anyType do not look at the content type, as Ollama does not: some of its clients name another
   * @throws NaniteError 400 malformed, 413 too large, 415 not JSON; BusyError where all bodies together are too large
   */
  async json(exchange: Exchange, anyType: boolean): Promise<JsonBody> {
    this.#checkType(exchange, anyType);
    const bytes = await this.#read(exchange);
    if (bytes.length === 0) {
      throw new NaniteError('invalid-request', 'the request has no body', {
        status: 400,
        hint: 'send a JSON object',
      });
    }
    if (isDeeperThan(bytes, maxDepth)) {
      throw new NaniteError('invalid-json', `the request body is nested more than ${maxDepth} levels deep`, {
        status: 400,
      });
    }
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw new NaniteError(
        'invalid-json',
        `the request body is not valid JSON: ${(cause as Error).message}`,
        {
          status: 400,
          cause,
        },
      );
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new NaniteError('invalid-request', 'the request body must be a JSON object', { status: 400 });
    }
    return { bytes, value: value as Record<string, unknown> };
  }

  #checkType(exchange: Exchange, anyType: boolean): void {
    const encoding = exchange.header('content-encoding');
    if (encoding !== undefined && encoding !== 'identity') {
      throw new NaniteError('unsupported-encoding', `content-encoding ${encoding} is not supported`, {
        status: 415,
        hint: 'send the body uncompressed',
      });
    }
    const type = (exchange.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (anyType || type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type)) return;
    throw new NaniteError(
      'unsupported-media-type',
      type === '' ? 'the request has no content-type' : `content-type ${type} is not supported`,
      { status: 415, hint: 'send application/json' },
    );
  }

  #read(exchange: Exchange): Promise<Buffer> {
    const { req, res } = exchange;
    const { maxBodyBytes, maxBufferedBytes } = this.limits;
    const declared = Number(req.headers['content-length'] ?? 0);
    if (declared > maxBodyBytes) {
      return this.#drain(exchange).then(() => {
        throw tooLarge(maxBodyBytes);
      });
    }
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const onData = (chunk: Buffer) => {
        size += chunk.length;
        this.#held += chunk.length;
        chunks.push(chunk);
        if (size > maxBodyBytes) stop(tooLarge(maxBodyBytes));
        else if (this.#held > maxBufferedBytes) {
          stop(new BusyError('buffers-full', 'too many large requests at once', 5));
        }
      };
      const stop = (error: NaniteError) => {
        clearTimeout(timer);
        req.off('data', onData);
        req.off('end', onEnd);
        chunks.length = 0;
        void this.#drain(exchange).then(() => reject(error));
      };
      const timer = setTimeout(
        () =>
          stop(
            new NaniteError('slow-body', `the request body took longer than ${this.mostMs / 1000} s`, {
              status: 408,
            }),
          ),
        this.mostMs,
      );
      req.on('data', onData);
      const onEnd = () => {
        clearTimeout(timer);
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
      };
      req.once('end', onEnd);
      req.once('error', (cause) => {
        clearTimeout(timer);
        reject(new NaniteError('client-gone', 'the request ended early', { status: 400, cause }));
      });
      res.once('close', () => {
        clearTimeout(timer);
        this.#held -= size;
        size = 0;
      });
    });
  }

  /**
   * Read the rest of the body and throw it away, as far as that is reasonable: a client that still writes would not see
   * the answer, only a connection that was reset.
   */
  #drain({ req, res }: Exchange): Promise<void> {
    res.setHeader('connection', 'close');
    return new Promise((resolve) => {
      let rest = 0;
      const timer = setTimeout(resolve, drainMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      req.on('data', (chunk: Buffer) => {
        rest += chunk.length;
        if (rest > 4 * this.limits.maxBodyBytes + minDrainBytes) done();
      });
      req.once('end', done);
      req.once('close', done);
      req.resume();
    });
  }
}
