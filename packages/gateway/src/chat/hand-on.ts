import type { CallGuard } from './answer-or-call';
import type { Exchange } from '../http/exchange';
import { fetchWhole, type UpstreamRequest } from '../upstream/client';
import { upstreamError } from '../upstream/error';
import { readEvents, type EventSink } from '../upstream/read-events';
import { relay } from '../upstream/relay';
import type { Session } from '../upstream/session';

/** Writes the events of a stream as they came: Anthropic's with their names, OpenAI's with the mark of their end. */
class SameEvents implements EventSink {
  #pending = '';
  #events = 0;

  constructor(private readonly exchange: Exchange) {}

  begin(): void {
    this.exchange.res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  }

  event(data: string): void {
    const { type } = JSON.parse(data) as { type?: unknown };
    this.#events += 1;
    if (this.#pending === '') process.nextTick(() => this.flush());
    this.#pending += `${typeof type === 'string' ? `event: ${type}\n` : ''}data: ${data}\n\n`;
  }

  end(): boolean {
    if (this.#events === 0) return false;
    this.flush();
    this.exchange.res.end(this.exchange.path.startsWith('/v1/messages') ? '' : 'data: [DONE]\n\n');
    return true;
  }

  flush(): void {
    if (this.#pending === '' || this.exchange.isGone) return;
    const events = this.#pending;
    this.#pending = '';
    this.exchange.res.write(events);
  }
}

/** Hand a request on and its answer back, byte for byte unless a guard has to look at it first. */
export async function handOn(
  exchange: Exchange,
  session: Session,
  request: UpstreamRequest,
  stream: boolean,
  guard: CallGuard | null,
): Promise<void> {
  if (guard === null) return relay(exchange, session, request);
  if (stream) return readEvents(exchange, session, request, guard.sink(new SameEvents(exchange)));
  const answer = await fetchWhole(session.upstream, request, exchange.signal);
  const text = answer.body.toString('utf8');
  if (answer.status >= 400) throw upstreamError(answer.status, text);
  guard.whole(text);
  exchange.text(text, 'application/json; charset=utf-8');
}
