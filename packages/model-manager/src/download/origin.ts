import { NaniteError } from '@nanite/kit';
import { request, type Dispatcher } from 'undici';
import { httpClient } from '../http/client';
import { requestFailed } from '../http/failure';
import type { Location, ResolvedFile } from '../sources/resolved';
import { retryAfter, TryAgain } from './retry';

/** The answer to a request for bytes. */
export interface Opened {
  /** Whether the server gives the range that was asked for, or the whole file. */
  ranged: boolean;
  /** Bytes of the whole file, where the server says so. */
  total: number | null;
  /** What the server calls this version of the file; null if it gives no name that can be relied on. */
  validator: string | null;
  body: Dispatcher.ResponseData['body'];
}

/** Statuses of an URL that has expired, or whose token has. */
const expired = new Set([401, 403, 404, 410]);
/** Statuses that say "later". */
const busy = new Set([408, 421, 425, 429, 500, 502, 503, 504]);

/**
 * Where a file's bytes come from, for as long as its download takes: follows the redirect once and keeps to where it
 * led (a signed URL of a content network, mostly), and asks for a new URL when that one has expired.
 */
export class Origin {
  #at: Location | null = null;
  #asking: Promise<Location> | null = null;

  constructor(
    private readonly file: ResolvedFile,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * @param range the bytes wanted, `end` exclusive; null asks for the whole file
   * @param validator gives the whole file if it is no longer this version of it
   * @throws TryAgain, NaniteError `source-refused`, or whatever undici throws for a broken connection
   */
  async open(range: { begin: number; end: number } | null, validator: string | null): Promise<Opened> {
    for (let renewed = false; ; renewed = true) {
      const at = await this.#current();
      const answer = await this.#ask(at, range, validator);
      const status = answer.statusCode;
      if (status === 206 || status === 200) {
        const opened = describe(answer, range);
        const last = answer.context as { history?: URL[] } | undefined;
        const reached = last?.history?.at(-1);
        if (reached !== undefined) this.#keepTo(at, reached);
        return opened;
      }
      await answer.body.dump();
      if (busy.has(status)) {
        throw new TryAgain(
          `${new URL(at.url).host} answered ${status}`,
          retryAfter(answer.headers['retry-after']),
        );
      }
      if (!expired.has(status) || renewed) {
        throw new NaniteError(
          'source-refused',
          `${new URL(at.url).host} answered ${status} for ${this.file.name}`,
          {
            status: 502,
            hint:
              status === 401 || status === 403
                ? 'it may need a token, or a licence to be accepted at the source'
                : 'check whether the file is still there',
          },
        );
      }
      this.#forget(at);
    }
  }

  async #ask(
    at: Location,
    range: { begin: number; end: number } | null,
    validator: string | null,
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await request(at.url, {
        dispatcher: httpClient(at.insecure === true).dispatcher,
        signal: this.signal,
        headers: {
          ...at.headers,
          // A compressed answer would be another file's bytes.
          'accept-encoding': 'identity',
          ...(range === null ? {} : { range: `bytes=${range.begin}-${range.end - 1}` }),
          ...(range === null || validator === null ? {} : { 'if-range': validator }),
        },
      });
    } catch (error) {
      const meant = requestFailed(error, at.url);
      // Not reached is for the retries to judge; what the guard refuses is final.
      if (meant instanceof NaniteError && meant.code === 'source-unreachable') throw error;
      throw meant;
    }
  }

  async #current(): Promise<Location> {
    if (this.#at !== null) return this.#at;
    this.#asking ??= this.file.locate().finally(() => {
      this.#asking = null;
    });
    const at = await this.#asking;
    this.#at ??= at;
    return this.#at;
  }

  /** Stay with the URL that redirects led to. Headers belong to the first host and do not go along. */
  #keepTo(from: Location, reached: URL): void {
    if (this.#at !== from || reached.href === from.url) return;
    const headers = reached.origin === new URL(from.url).origin ? from.headers : {};
    this.#at = { ...from, url: reached.href, headers };
  }

  /** Of several connections that find it expired, only the first one's word counts. */
  #forget(at: Location): void {
    if (this.#at === at) this.#at = null;
  }
}

function describe(answer: Dispatcher.ResponseData, range: { begin: number; end: number } | null): Opened {
  const { headers, statusCode, body } = answer;
  const etag = headers.etag;
  const date = headers['last-modified'];
  // A weak ETag names what means the same, not the same bytes.
  const validator =
    typeof etag === 'string' && !etag.startsWith('W/') ? etag : typeof date === 'string' ? date : null;
  if (statusCode === 200) {
    const length = headers['content-length'];
    return { ranged: false, total: typeof length === 'string' ? Number(length) : null, validator, body };
  }
  const found = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(headers['content-range'] ?? ''));
  if (range === null || found === null || Number(found[1]) !== range.begin) {
    body.destroy();
    throw new TryAgain(`the server gave ${String(headers['content-range'])} when asked for another range`);
  }
  return { ranged: true, total: found[3] === '*' ? null : Number(found[3]), validator, body };
}
