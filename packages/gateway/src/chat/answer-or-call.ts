import type { ModelManifest } from '@nanite/contracts';
import type { EventSink } from '../upstream/read-events';

/**
 * Small models call a tool for everything once they are offered some. Such a model (its manifest says so) is offered one more:
 * for whatever none of the others does. It then has to call one, which it can tell apart well; where it calls that one, it is
 * asked again without tools, and answers in words.
 */
export const otherRequests = {
  name: 'general_question',
  description:
    'Any other request: greetings, facts, explanations, mathematics, grammar, translation, writing, code, software',
};

/** A call of a tool, as far as it has come. */
export interface CallPiece {
  name?: string | undefined;
  /** Part of the arguments, as JSON text. */
  text?: string | undefined;
}

export interface EarlierCall {
  name: string;
  arguments: Record<string, unknown>;
}

/** How an API writes tools, and calls of them. */
export interface ToolForm {
  /** Fields of a request that offers `more` before its tools, and demands a call. */
  demand(tools: readonly unknown[], more: { name: string; description: string }): Record<string, unknown>;
  nameOf(tool: unknown): string;
  /** What an event of the worker's stream says of its first call; null: nothing. */
  piece(data: string): CallPiece | null;
  /** The first call in an answer that is not streamed; null: there is none. */
  call(answer: string): CallPiece | null;
  /** Calls that were answered since the user last said something. */
  earlier(messages: readonly unknown[]): EarlierCall[];
}

/** Thrown where the model has chosen to answer in words; nothing was sent to the client. */
export class AnswerInWords extends Error {}

/** Watches over an answer, and throws AnswerInWords as soon as it is not to be a call. */
export interface CallGuard {
  sink(inner: EventSink): EventSink;
  whole(answer: string): void;
}

/** Whether a call asks once more what was answered: small models do not see an answer as the end. */
function repeats({ name, text }: CallPiece, earlier: readonly EarlierCall[]): boolean {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(text ?? '{}') as Record<string, unknown>;
  } catch {
    // Cut off: not to be compared.
    return false;
  }
  return earlier.some(
    (call) =>
      call.name === name &&
      Object.entries(call.arguments).every(
        ([key, value]) => !(key in given) || JSON.stringify(given[key]) === JSON.stringify(value),
      ),
  );
}

class GuardedSink implements EventSink {
  #held: string[] = [];
  #open = false;
  #call: CallPiece = {};

  constructor(
    private readonly inner: EventSink,
    private readonly form: ToolForm,
    private readonly words: string,
    private readonly earlier: readonly EarlierCall[],
  ) {}

  /** The client is told nothing before it is known what the answer is. */
  begin(): void {}

  event(data: string): void {
    if (this.#open) return this.inner.event(data);
    this.#held.push(data);
    const piece = this.form.piece(data);
    if (piece === null) return;
    const name = this.#call.name ?? piece.name;
    this.#call = { name, text: `${this.#call.text ?? ''}${piece.text ?? ''}` };
    if (name === this.words) throw new AnswerInWords();
    if (name !== undefined && !this.earlier.some((call) => call.name === name)) this.#pass();
  }

  end(): boolean | Promise<boolean> {
    if (!this.#open) {
      if (this.#call.name !== undefined && repeats(this.#call, this.earlier)) throw new AnswerInWords();
      this.#pass();
    }
    return this.inner.end();
  }

  flush(): void {
    if (this.#open) this.inner.flush();
  }

  failed?: EventSink['failed'];

  #pass(): void {
    this.#open = true;
    if (this.inner.failed) this.failed = (error) => this.inner.failed?.(error) ?? '';
    this.inner.begin();
    for (const data of this.#held) this.inner.event(data);
    this.#held = [];
  }
}

/** How to ask a model that has to be asked which tool, if any, it needs. */
export interface AskedTools {
  /** Fields of the request that demands a call. */
  demanded: Record<string, unknown>;
  guard: CallGuard;
}

/**
 * @param mode of the request's tool choice: only a free one is asked for
 * @param hasFormat whether an answer in words is to follow a schema: llama-server then forgets the tools, so that any model is asked
 * @returns null where the model is simply given its tools
 */
export function askedTools(
  manifest: ModelManifest | null,
  form: ToolForm,
  tools: readonly unknown[],
  mode: string,
  messages: readonly unknown[],
  hasFormat = false,
): AskedTools | null {
  if (manifest?.toolCalling !== 'asked' && !hasFormat) return null;
  if (tools.length === 0 || mode !== 'auto') return null;
  const names = new Set(tools.map((tool) => form.nameOf(tool)));
  let { name } = otherRequests;
  while (names.has(name)) name += '_';
  const earlier = form.earlier(messages);
  return {
    demanded: form.demand(tools, { ...otherRequests, name }),
    guard: {
      sink: (inner) => new GuardedSink(inner, form, name, earlier),
      whole(answer) {
        const call = form.call(answer);
        if (call !== null && (call.name === name || repeats(call, earlier))) throw new AnswerInWords();
      },
    },
  };
}

/** Fields of a request without tools, for an answer in words. */
const inWords = { tools: undefined, tool_choice: undefined, parallel_tool_calls: undefined };

/** Whether a call has to come, as OpenAI's and Anthropic's APIs say it. */
const demandsCall = (choice: unknown): boolean =>
  choice === 'required' || ['any', 'tool'].includes(String((choice as { type?: unknown } | undefined)?.type));

/** Ask, and where the model would rather answer in words, ask again for those. */
export async function answerOrCall<T>(
  asked: AskedTools | null,
  body: Record<string, unknown>,
  ask: (body: Record<string, unknown>, guard: CallGuard | null) => Promise<T>,
): Promise<T> {
  // The form that an answer is to have is for one in words.
  if (asked === null) {
    return ask(demandsCall(body['tool_choice']) ? { ...body, response_format: undefined } : body, null);
  }
  try {
    return await ask({ ...body, ...asked.demanded, response_format: undefined }, asked.guard);
  } catch (error) {
    if (!(error instanceof AnswerInWords)) throw error;
    return ask({ ...body, ...inWords }, null);
  }
}
