import type { Exchange } from '../http/exchange';
import type { EventSink } from '../upstream/read-events';
import type { Completion } from './completion-form';

/** Writes the stream of /v1/completions, each event rewritten. */
export class CompletionEvents implements EventSink {
  #pending = '';
  #finished = false;

  /** @param read an event as it came, as the client is to get it; throws where it is an error */
  constructor(
    private readonly exchange: Exchange,
    private readonly read: (data: string) => Completion,
  ) {}

  begin(): void {
    this.exchange.res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  }

  event(data: string): void {
    const event = this.read(data);
    if (event.choices?.some(({ finish_reason: reason }) => reason)) this.#finished = true;
    if (this.#pending === '') process.nextTick(() => this.flush());
    this.#pending += `data: ${JSON.stringify(event)}\n\n`;
  }

  end(): boolean {
    if (!this.#finished) return false;
    this.flush();
    this.exchange.res.end('data: [DONE]\n\n');
    return true;
  }

  flush(): void {
    if (this.#pending === '' || this.exchange.isGone) return;
    const events = this.#pending;
    this.#pending = '';
    this.exchange.res.write(events);
  }
}
