import { readFileSync } from 'node:fs';
import type { GatewayBackendSettings } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { hostName } from '../http/hosts';
import { isLoopback } from '../identity/tcp-peer';
import { BusyError } from '../memory/busy';
import { fetchWhole, localResendMs, openTcpPool, type Upstream } from '../upstream/client';
import { upstreamError } from '../upstream/error';

const listFreshMs = 15_000;
const listTimeoutMs = 2_000;

const isOnThisMachine = (url: URL): boolean => {
  const name = hostName(url.host);
  return name === 'localhost' || isLoopback(name);
};

function keyOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (cause) {
    throw new NaniteError('key-unreadable', `cannot read the key file ${file}`, {
      hint: 'it must be readable by the user nanite-gateway',
      cause,
    });
  }
}

interface ListedModel {
  name?: string;
  id?: string;
}

/** A server besides our own workers: an Ollama, a llama-server, or whatever speaks OpenAI's API. */
export class Backend {
  readonly name: string;
  readonly kind: GatewayBackendSettings['kind'];
  readonly url: string;
  /** True where requests leave this machine. */
  readonly remote: boolean;
  readonly upstream: Upstream;
  readonly #models: string[] | null;
  readonly #most: number;
  #state: 'unknown' | 'ready' | 'unreachable' = 'unknown';
  #listed: string[] = [];
  #listedAt = -Infinity;
  #running = 0;

  /** @throws NaniteError `key-unreadable` */
  constructor(settings: GatewayBackendSettings, queueLength: number) {
    const url = new URL(settings.url);
    this.name = settings.name;
    this.kind = settings.kind;
    this.url = settings.url;
    this.remote = !isOnThisMachine(url);
    this.#models = settings.models;
    this.#most = settings.parallel + queueLength;
    const key = settings.keyFile === null ? '' : keyOf(settings.keyFile);
    this.upstream = {
      name: `the backend ${settings.name}`,
      url: settings.url,
      pool: openTcpPool(url.origin, settings.parallel),
      // One elsewhere may count, and bill, what it was sent: over a network nobody can tell that it never came.
      resendWithinMs: this.remote ? 0 : localResendMs,
      headers: key === '' ? {} : { authorization: `Bearer ${key}` },
      prefix: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, ''),
    };
  }

  get state(): 'unknown' | 'ready' | 'unreachable' {
    return this.#state;
  }

  /** How clients name a model of this backend: a name that leaves the machine says so. */
  nameOf(model: string): string {
    return this.remote ? `remote/${this.name}/${model}` : `${this.name}/${model}`;
  }

  /** The models it serves; none where it does not answer. */
  async models(): Promise<string[]> {
    if (this.#models !== null) return this.#models;
    if (performance.now() - this.#listedAt < listFreshMs) return this.#listed;
    try {
      const path = this.kind === 'ollama' ? '/api/tags' : '/v1/models';
      const answer = await fetchWhole(
        this.upstream,
        { method: 'GET', path },
        AbortSignal.timeout(listTimeoutMs),
      );
      if (answer.status >= 400) throw upstreamError(answer.status, answer.body.toString('utf8'));
      const body = JSON.parse(answer.body.toString('utf8')) as {
        models?: ListedModel[];
        data?: ListedModel[];
      };
      this.#listed = (body.models ?? body.data ?? []).flatMap(({ name, id }) => name ?? id ?? []);
      this.#state = 'ready';
    } catch {
      // Shown in the status; a request to it gets the error.
      this.#listed = [];
      this.#state = 'unreachable';
    }
    this.#listedAt = performance.now();
    return this.#listed;
  }

  /**
   * The right to send one request.
   *
   * @returns a function that gives it back
   * @throws BusyError where too many are on their way already
   */
  enter(): () => void {
    if (this.#running >= this.#most) {
      throw new BusyError('queue-full', `${this.#running} requests are already waiting for ${this.name}`, 5);
    }
    this.#running += 1;
    let inside = true;
    return () => {
      if (inside) this.#running -= 1;
      inside = false;
    };
  }

  async close(): Promise<void> {
    await this.upstream.pool.destroy();
  }
}
