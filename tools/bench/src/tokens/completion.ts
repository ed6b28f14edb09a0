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
        const lines = new EventLines();
        let raw = '';
        let usage: Event['usage'] = null;
        let firstTokenAt = 0;
        let lastTokenAt = 0;
        answer.setEncoding('utf8').on('data', (text: string) => {
          const at = now();
          if (raw.length < 2000) raw += text;
          for (const data of lines.add(text)) {
            if (data === '[DONE]') continue;
            const event = JSON.parse(data) as Event;
            if (event.usage) usage = event.usage;
            if (event.choices?.[0]?.text === undefined) continue;
            if (event.choices[0].finish_reason) continue;
            if (firstTokenAt === 0) firstTokenAt = at;
            lastTokenAt = at;
          }
        });
        answer.once('error', reject);
        answer.once('end', () => {
          if (answer.statusCode !== 200 || usage === null || usage === undefined || firstTokenAt === 0) {
            reject(new Error(`no completion: status ${answer.statusCode}: ${raw}`));
            return;
          }
          resolve({
            promptTokens: usage.prompt_tokens,
            tokens: usage.completion_tokens,
            sentAt,
            firstTokenAt,
            lastTokenAt,
          });
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error('no token for 120 s')));
    call.once('error', reject);
    call.end(body);
  });
}
