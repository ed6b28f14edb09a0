import type { ResponsesAnswer } from '@nanite/contracts';
import type { NaniteError } from '@nanite/kit';
import type { Exchange } from '../../http/exchange';
import { responsesError } from '../../http/shapes';
import { upstreamError } from '../../upstream/error';
import type { EventSink } from '../../upstream/read-events';
import { ended, type ChatUsage } from './answer';
import { ResponsesOutput, type ChatDelta, type ResponsesEvent } from './output';

interface ChatChunk {
  error?: unknown;
  choices?: Array<{ delta?: ChatDelta; finish_reason?: string | null }>;
  usage?: ChatUsage | null;
}

/** Turns the stream of a chat completion into that of a response, with every event numbered. */
export class ResponsesStream implements EventSink {
  #sequence = 0;
  #pending = '';
  #finish: string | null = null;
  #usage: ChatUsage | null = null;
  readonly #output: ResponsesOutput;

  /**
   * @param response as it begins
   * @param onEnd told of the response as it ended, before the client is
   */
  constructor(
    private readonly exchange: Exchange,
    private readonly response: ResponsesAnswer,
    custom: ReadonlySet<string>,
    private readonly onEnd: (response: ResponsesAnswer) => void,
  ) {
    this.#output = new ResponsesOutput(custom, (event) => this.#emit(event));
  }

  begin(): void {
    this.exchange.res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    });
    this.#emit({ type: 'response.created', response: this.response });
    this.#emit({ type: 'response.in_progress', response: this.response });
  }

  event(data: string): void {
    const chunk = JSON.parse(data) as ChatChunk;
    if (chunk.error !== undefined) throw upstreamError(500, data);
    if (chunk.usage) this.#usage = chunk.usage;
    const choice = chunk.choices?.[0];
    if (choice?.delta) this.#output.add(choice.delta);
    if (choice?.finish_reason) this.#finish = choice.finish_reason;
  }

  end(): boolean {
    if (this.#finish === null) return false;
    const cut = this.#finish === 'length';
    this.#output.end(!cut);
    const response = ended(this.response, this.#output.items, this.#usage, cut);
    this.onEnd(response);
    this.#emit({ type: cut ? 'response.incomplete' : 'response.completed', response });
    this.flush();
    this.exchange.res.end();
    return true;
  }

  failed(error: NaniteError): string {
    return responsesError(error, this.#sequence);
  }

  /** Events made in one turn of the event loop go out in one write. */
  flush(): void {
    if (this.#pending === '' || this.exchange.isGone) return;
    const events = this.#pending;
    this.#pending = '';
    this.exchange.res.write(events);
  }

  #emit({ type, ...fields }: ResponsesEvent): void {
    if (this.#pending === '') process.nextTick(() => this.flush());
    const data = JSON.stringify({ type, sequence_number: this.#sequence++, ...fields });
    this.#pending += `event: ${type}\ndata: ${data}\n\n`;
  }
}
