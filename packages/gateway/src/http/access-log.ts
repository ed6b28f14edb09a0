import { createLog, type Log } from '@nanite/kit';
import type { Exchange } from './exchange';

/** One line a request: who, what, which model, how it ended and how long it took. Never what was said. */
export class AccessLog {
  #lines: string[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #log: Log;

  /** Lines are written together: at 500 requests/s, a write for each would cost more than the request. */
  constructor(
    private readonly write: (text: string) => void = (text) => void process.stderr.write(text),
    private readonly everyMs = 250,
  ) {
    this.#log = createLog((line) => this.#add(line));
  }

  done(exchange: Exchange, method: string): void {
    const { identity, path, model, problem, res } = exchange;
    const level = method === 'GET' || method === 'HEAD' ? 'debug' : 'info';
    this.#log[problem !== null && problem.status >= 500 ? 'warning' : level](`${method} ${path}`, {
      uid: identity.uid,
      ...(identity.pid !== null && { pid: identity.pid }),
      via: identity.via,
      ...(identity.token !== undefined && { token: identity.token }),
      ...(model !== null && { model: model.slice(0, 200) }),
      status: res.headersSent ? res.statusCode : 499,
      ms: Math.round(Number(process.hrtime.bigint() - exchange.received) / 1e6),
      ...(problem !== null && { code: problem.code }),
    });
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#timer ??= setTimeout(() => this.flush(), this.everyMs).unref();
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.write(text);
  }
}
