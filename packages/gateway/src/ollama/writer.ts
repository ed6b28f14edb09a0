import type { OllamaToolCall } from '@nanite/contracts';
import type { Exchange } from '../http/exchange';
import type { Ending, Piece } from './answer';

/** The one difference between the answers of /api/chat and /api/generate: where the text goes. */
export interface Form {
  piece(piece: Piece): Record<string, unknown>;
  calls(calls: OllamaToolCall[]): Record<string, unknown>;
}

export const chatForm: Form = {
  piece: ({ content, thinking }) => ({
    message: { role: 'assistant', content, ...(thinking !== '' && { thinking }) },
  }),
  calls: (calls) => ({ message: { role: 'assistant', content: '', tool_calls: calls } }),
};

export const generateForm: Form = {
  piece: ({ content, thinking }) => ({ response: content, ...(thinking !== '' && { thinking }) }),
  calls: () => ({ response: '' }),
};

/** The fields of the last line: why it ended, counts, and durations in nanoseconds. */
export function closing(exchange: Exchange, loadNs: number, end: Ending): Record<string, unknown> {
  return {
    done: true,
    done_reason: end.reason,
    total_duration: Number(process.hrtime.bigint() - exchange.received),
    load_duration: Math.round(loadNs),
    prompt_eval_count: end.promptTokens,
    prompt_eval_duration: end.promptNs,
    eval_count: end.answerTokens,
    eval_duration: end.answerNs,
  };
}

const empty: Piece = { content: '', thinking: '', logprobs: null };

/** Writes Ollama's stream: one JSON object a line. Lines made in one turn of the event loop go out in one write. */
export class LineWriter {
  #pending = '';

  constructor(
    private readonly exchange: Exchange,
    private readonly model: string,
    private readonly form: Form,
  ) {}

  begin(): void {
    this.exchange.res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  }

  piece(piece: Piece): void {
    this.#line({
      ...this.form.piece(piece),
      ...(piece.logprobs !== null && { logprobs: piece.logprobs }),
      done: false,
    });
  }

  /** @param more fields of the last line */
  end(loadNs: number, end: Ending, more: Record<string, unknown> = {}): void {
    if (end.toolCalls.length > 0) this.#line({ ...this.form.calls(end.toolCalls), done: false });
    this.#line({ ...this.form.piece(empty), ...closing(this.exchange, loadNs, end), ...more });
    this.flush();
    this.exchange.res.end();
  }

  #line(fields: Record<string, unknown>): void {
    if (this.#pending === '') process.nextTick(() => this.flush());
    this.#pending += `${JSON.stringify({ model: this.model, created_at: new Date().toISOString(), ...fields })}\n`;
  }

  flush(): void {
    if (this.#pending === '' || this.exchange.isGone) return;
    const lines = this.#pending;
    this.#pending = '';
    this.exchange.res.write(lines);
  }
}
