import type { OllamaToolCall } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/** Timings of llama-server, in milliseconds and tokens. */
export interface WorkerTimings {
  prompt_ms?: number;
  predicted_n?: number;
  predicted_ms?: number;
}

export interface Usage {
  prompt_tokens?: number;
  completion_tokens?: number;
}

/** The part of an answer that came in one piece. */
export interface Piece {
  content: string;
  thinking: string;
  logprobs: unknown[] | null;
}

/** How an answer ended. */
export interface Ending {
  reason: 'stop' | 'length';
  toolCalls: OllamaToolCall[];
  promptTokens: number;
  answerTokens: number;
  promptNs: number;
  answerNs: number;
}

interface ToolCallPart {
  index?: number;
  id?: string;
  function?: { name?: string; arguments?: string };
}

/** Collects a tool call that comes in fragments: Ollama's API gives each call whole. */
export class ToolCalls {
  readonly #calls: Array<{ id: string | undefined; name: string; text: string }> = [];

  add(parts: readonly ToolCallPart[]): void {
    for (const part of parts) {
      const at = part.index ?? this.#calls.length;
      const call = (this.#calls[at] ??= { id: part.id, name: '', text: '' });
      call.name += part.function?.name ?? '';
      call.text += part.function?.arguments ?? '';
    }
  }

  /**
   * @param cut whether the answer ended for lack of room: a call that is not complete is then left out
   * @throws NaniteError 502 where the model wrote arguments that are not JSON
   */
  all(cut: boolean): OllamaToolCall[] {
    return this.#calls.flatMap(({ id, name, text }) => {
      try {
        const value: unknown = text === '' ? {} : JSON.parse(text);
        return [
          {
            ...(id !== undefined && { id }),
            function: { name, arguments: value as Record<string, unknown> },
          },
        ];
      } catch (cause) {
        if (cut) return [];
        throw new NaniteError('worker-error', `the model called ${name} with arguments that are not JSON`, {
          status: 502,
          cause,
        });
      }
    });
  }
}

const nanoseconds = (milliseconds: number | undefined): number => Math.round((milliseconds ?? 0) * 1e6);

/** The end of an answer in numbers. */
export function ending(
  finish: string | null | undefined,
  usage: Usage | null | undefined,
  timings: WorkerTimings | null | undefined,
  calls: ToolCalls | null,
): Ending {
  const cut = finish === 'length' || finish === 'limit';
  return {
    reason: cut ? 'length' : 'stop',
    toolCalls: calls?.all(cut) ?? [],
    promptTokens: usage?.prompt_tokens ?? 0,
    answerTokens: usage?.completion_tokens ?? timings?.predicted_n ?? 0,
    promptNs: nanoseconds(timings?.prompt_ms),
    answerNs: nanoseconds(timings?.predicted_ms),
  };
}
