import { request } from 'node:http';
import { EventLines } from './event-lines';

/** Seconds of CLOCK_MONOTONIC. */
const now = (): number => Number(process.hrtime.bigint()) / 1e9;

export interface CompletionPlan {
  socketPath: string;
  model: string;
  prompt: string;
  /** Tokens to generate; the end that the model itself would set is ignored. */
  tokens: number;
}

/** Moments are in seconds of CLOCK_MONOTONIC. */
export interface Completion {
  promptTokens: number;
  tokens: number;
  sentAt: number;
  firstTokenAt: number;
  lastTokenAt: number;
}

interface Event {
  choices?: Array<{ text?: string; finish_reason?: string | null }>;
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { message?: string };
}

/** What the pieces of a stream say; null where it is not a whole completion. */
function readEvents(arrived: Array<{ at: number; text: string }>): Omit<Completion, 'sentAt'> | null {
  const lines = new EventLines();
  const tokensAt: number[] = [];
  let usage: Event['usage'] = null;
  for (const { at, text } of arrived) {
    for (const data of lines.add(text)) {
      if (data === '[DONE]') continue;
      const event = JSON.parse(data) as Event;
      if (event.usage) usage = event.usage;
      const choice = event.choices?.[0];
      if (choice?.text !== undefined && !choice.finish_reason) tokensAt.push(at);
    }
  }
  const [firstTokenAt] = tokensAt;
  const lastTokenAt = tokensAt.at(-1);
  if (firstTokenAt === undefined || lastTokenAt === undefined || !usage) return null;
  return { promptTokens: usage.prompt_tokens, tokens: usage.completion_tokens, firstTokenAt, lastTokenAt };
}

/**
 * Ask for a completion over OpenAI's API and read it as it streams.
 *
 * @throws Error with what the server said, where it is not an answer of that many tokens
 */
export function complete(plan: CompletionPlan): Promise<Completion> {
  const body = Buffer.from(
    JSON.stringify({
      model: plan.model,
      prompt: plan.prompt,
      max_tokens: plan.tokens,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      // llama-server's own: a fixed length, and no prompt taken from the request before.
      ignore_eos: true,
      cache_prompt: false,
    }),
  );
  return new Promise((resolve, reject) => {
    const sentAt = now();
    const call = request(
      {
        socketPath: plan.socketPath,
        agent: false,
        method: 'POST',
        path: '/v1/completions',
        timeout: 120_000,
        headers: { host: 'localhost', 'content-type': 'application/json', 'content-length': body.length },
      },
      (answer) => {
        // Read now, parsed after the last token: what the client computes meanwhile is taken from the model.
        const arrived: Array<{ at: number; text: string }> = [];
        answer.setEncoding('utf8').on('data', (text: string) => void arrived.push({ at: now(), text }));
        answer.once('error', reject);
        answer.once('end', () => {
          const read = readEvents(arrived);
          if (answer.statusCode !== 200 || read === null) {
            const said = arrived.map(({ text }) => text).join('');
            reject(new Error(`no completion: status ${answer.statusCode}: ${said.slice(0, 2000)}`));
            return;
          }
          resolve({ ...read, sentAt });
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error('no token for 120 s')));
    call.once('error', reject);
    call.end(body);
  });
}
