import { ApiFailure, type GatewayClient, type OllamaChatResponse } from '@nanite/contracts';

/** `1,024`, `about 1.5 million`. */
export const tokens = (count: number): string =>
  count >= 1e6
    ? `about ${Number((count / 1e6).toPrecision(2))} million tokens`
    : `${count.toLocaleString('en')} tokens`;

/** What the model's own `num_predict` says; null where it says nothing. */
async function ownLimit(client: GatewayClient, model: string): Promise<number | null> {
  const { parameters } = await client.show(model, AbortSignal.timeout(2000));
  const found = /^num_predict\s+(\d+)/m.exec(parameters)?.[1];
  return found === undefined ? null : Number(found);
}

/**
 * Why an answer was cut off, and what to do: its limit of tokens, which the person or the model set, or the end of the
 * context.
 *
 * @param last the end of the answer, with the counts
 * @param asked the limit that the person set; null: none
 * @param more what gives room for a longer conversation
 */
export async function whyCutOff(
  client: GatewayClient,
  last: OllamaChatResponse,
  asked: number | null,
  more: string,
): Promise<string> {
  const count = last.eval_count ?? 0;
  if (asked !== null && count >= asked) return `stopped after ${tokens(count)}, as you asked`;
  const own = await ownLimit(client, last.model).catch(() => null);
  if (own !== null && count >= own) {
    return `stopped after ${tokens(count)}, which is the model's limit; nanite ask --max-tokens sets another`;
  }
  const used = (last.prompt_eval_count ?? 0) + count;
  return `stopped because the context of ${tokens(used)} is full; ${more}`;
}

/** Tokens of a prompt and of the context that it did not fit into, as the service says them; null: it is no such error. */
export function overflowOf(error: unknown): { prompt: number; context: number } | null {
  if (!(error instanceof ApiFailure) || error.status !== 400) return null;
  const [, prompt, context] = /(\d+) tokens.*?context\D*(\d+)/is.exec(error.message) ?? [];
  return prompt === undefined || context === undefined
    ? null
    : { prompt: Number(prompt), context: Number(context) };
}

/** The longest context that a model was made for, in tokens; null where it is not known. */
export async function longestContext(client: GatewayClient, model: string): Promise<number | null> {
  const { model_info: info } = await client.show(model, AbortSignal.timeout(2000));
  const found = Object.entries(info).find(([key]) => key.endsWith('.context_length'))?.[1];
  return typeof found === 'number' ? found : null;
}

export interface Overflow {
  client: GatewayClient;
  model: string;
  /** Files that went with the question. */
  files: readonly string[];
  /** Whether something was piped in. */
  piped: boolean;
}

/**
 * The error for a prompt that does not fit, with what can be done about it; any other error as it is.
 *
 * @returns the error to throw
 */
export async function explainOverflow(
  error: unknown,
  { client, model, files, piped }: Overflow,
): Promise<unknown> {
  const sizes = overflowOf(error);
  if (sizes === null) return error;
  const most = (await longestContext(client, model).catch(() => null)) ?? sizes.context;
  const what = piped
    ? 'standard input with the question'
    : files.length === 1
      ? `${files[0]} with the question`
      : files.length > 1
        ? 'the files with the question'
        : 'the prompt';
  const [file] = files;
  const index = file === undefined ? '' : `, or search it instead: nanite knowledge add ${file}`;
  // Room for the answer as well.
  const enough = Math.ceil((sizes.prompt + 512) / 1024) * 1024;
  const [limit, hint] =
    enough <= most && sizes.context < most
      ? [`the context is ${tokens(sizes.context)}`, `set a larger one: --context ${enough}`]
      : [
          `${model} takes at most ${tokens(most)}`,
          `send less, choose a model with a longer context (nanite models list)${index}`,
        ];
  return new ApiFailure(400, 'context-overflow', `${what} is ${tokens(sizes.prompt)}; ${limit}`, hint, {
    cause: error,
  });
}
