import { upstreamError } from '../upstream/error';
import { ToolCalls, ending, type Ending, type Piece, type Usage, type WorkerTimings } from './answer';
import { logprobsOf, type Logprob } from './logprobs';

/** Reads the answer of a server, whole or in pieces; one instance an answer. */
export interface Protocol {
  /** Data of one event of a stream. @throws NaniteError where it is an error */
  event(data: string): Piece | null;
  /** The body of an answer that is not streamed. */
  whole(body: string): Piece;
  /** After the last event, or the body. @throws NaniteError where the answer is not complete */
  end(): Ending | null;
}

interface Delta {
  content?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?: Parameters<ToolCalls['add']>[0];
}

interface ChatAnswer {
  error?: unknown;
  choices?: Array<{
    finish_reason?: string | null;
    delta?: Delta;
    message?: Delta;
    logprobs?: { content?: readonly Logprob[] } | null;
  }>;
  usage?: Usage | null;
  timings?: WorkerTimings;
}

/** /v1/chat/completions of llama-server, or of anything that speaks OpenAI's API. */
export class ChatCompletions implements Protocol {
  /** @param logprobs how many of the likeliest tokens the client wants named at each place */
  constructor(private readonly logprobs = 0) {}

  readonly #calls = new ToolCalls();
  #finish: string | null = null;
  #usage: Usage | null = null;
  #timings: WorkerTimings | null = null;

  event(data: string): Piece | null {
    const answer = JSON.parse(data) as ChatAnswer;
    return this.#read(answer, answer.choices?.[0]?.delta);
  }

  whole(body: string): Piece {
    const answer = JSON.parse(body) as ChatAnswer;
    const piece = this.#read(answer, answer.choices?.[0]?.message);
    return piece ?? { content: '', thinking: '', logprobs: null };
  }

  #read(answer: ChatAnswer, delta: Delta | undefined): Piece | null {
    if (answer.error !== undefined) throw upstreamError(500, JSON.stringify(answer));
    const choice = answer.choices?.[0];
    if (answer.usage) this.#usage = answer.usage;
    if (answer.timings) this.#timings = answer.timings;
    if (choice === undefined) return null;
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    if (delta?.tool_calls) this.#calls.add(delta.tool_calls);
    const content = delta?.content ?? '';
    const thinking = delta?.reasoning_content ?? delta?.reasoning ?? '';
    const probabilities = choice.logprobs?.content;
    const logprobs =
      probabilities && probabilities.length > 0 ? logprobsOf(probabilities, this.logprobs) : null;
    return content === '' && thinking === '' && logprobs === null ? null : { content, thinking, logprobs };
  }

  end(): Ending | null {
    if (this.#finish === null) return null;
    return ending(this.#finish, this.#usage, this.#timings, this.#calls);
  }
}

interface CompletionAnswer {
  error?: unknown;
  content?: string;
  stop?: boolean;
  stop_type?: string;
  tokens_evaluated?: number;
  tokens_predicted?: number;
  timings?: WorkerTimings;
  completion_probabilities?: readonly Logprob[];
}

/** /completion and /infill of llama-server: the prompt as it is, without a template. */
export class RawCompletion implements Protocol {
  /** @param logprobs how many of the likeliest tokens the client wants named at each place */
  constructor(private readonly logprobs = 0) {}

  #last: CompletionAnswer | null = null;

  event(data: string): Piece | null {
    const answer = JSON.parse(data) as CompletionAnswer;
    if (answer.error !== undefined) throw upstreamError(500, data);
    if (answer.stop === true) this.#last = answer;
    const probabilities = answer.completion_probabilities;
    const logprobs =
      probabilities && probabilities.length > 0 ? logprobsOf(probabilities, this.logprobs) : null;
    const content = answer.content ?? '';
    return content === '' && logprobs === null ? null : { content, thinking: '', logprobs };
  }

  whole(body: string): Piece {
    return this.event(body) ?? { content: '', thinking: '', logprobs: null };
  }

  end(): Ending | null {
    const last = this.#last;
    if (last === null) return null;
    return ending(
      last.stop_type,
      { prompt_tokens: last.tokens_evaluated, completion_tokens: last.tokens_predicted },
      last.timings,
      null,
    );
  }
}
