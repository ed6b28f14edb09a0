import { randomBytes } from 'node:crypto';

/** Probabilities as llama-server writes them: one entry a token, as in chat completions. */
interface TokenLogprob {
  token: string;
  logprob: number;
  top_logprobs?: Array<{ token: string; logprob: number }>;
}

/** An answer of /v1/completions, or an event of its stream; of /infill, in llama-server's own form. */
export interface Completion {
  error?: unknown;
  choices?: Array<{
    index?: number;
    text: string;
    logprobs?: { content?: TokenLogprob[] } | null;
    finish_reason?: string | null;
  }>;
  content?: string;
  stop?: boolean;
  stop_type?: string;
  tokens_evaluated?: number;
  tokens_predicted?: number;
  [field: string]: unknown;
}

const newId = (): string => `cmpl-${randomBytes(12).toString('hex')}`;

/** An answer of llama-server's /infill in the form of /v1/completions. */
export function fromInfill(answer: Completion, model: string): Completion {
  const {
    content = '',
    stop,
    stop_type: why,
    tokens_evaluated: prompt = 0,
    tokens_predicted: written = 0,
  } = answer;
  const finish = stop === true ? (why === 'limit' ? 'length' : 'stop') : null;
  return {
    id: newId(),
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [{ index: 0, text: content, logprobs: null, finish_reason: finish }],
    ...(stop === true && {
      usage: { prompt_tokens: prompt, completion_tokens: written, total_tokens: prompt + written },
    }),
  };
}

/** Rewrites the choices of an answer, or of the events of its stream, as OpenAI's older clients read them. */
export class CompletionChoices {
  /** Characters that went before, by the index of the choice. */
  readonly #offsets = new Map<number, number>();

  /**
   * @param echo goes before the text of each choice
   * @param logprobs how many of the likeliest tokens the client wants named at each place; 0: none
   */
  constructor(
    private readonly echo: string,
    private readonly logprobs: number,
  ) {}

  of(answer: Completion): Completion {
    if (answer.choices === undefined) return answer;
    return {
      ...answer,
      choices: answer.choices.map((choice) => {
        const index = choice.index ?? 0;
        const known = this.#offsets.get(index);
        const text = known === undefined ? `${this.echo}${choice.text}` : choice.text;
        const offset = known ?? 0;
        this.#offsets.set(index, offset + text.length);
        const probabilities = choice.logprobs?.content;
        return {
          ...choice,
          text,
          logprobs:
            this.logprobs > 0 && probabilities !== undefined
              ? (this.#lists(probabilities, offset) as never)
              : null,
        };
      }),
    };
  }

  #lists(tokens: readonly TokenLogprob[], start: number): object {
    let offset = start;
    const offsets = tokens.map(({ token }) => {
      const at = offset;
      offset += token.length;
      return at;
    });
    return {
      tokens: tokens.map(({ token }) => token),
      token_logprobs: tokens.map(({ logprob }) => logprob),
      top_logprobs: tokens.map(({ top_logprobs: top = [] }) =>
        Object.fromEntries(top.slice(0, this.logprobs).map(({ token, logprob }) => [token, logprob])),
      ),
      text_offset: offsets,
    };
  }
}
