import { hasPipedInput } from './read-input';

/** Options of `nanite run`. */
export interface RunOptions {
  keepAlive?: string | number;
  think?: boolean;
}

/** `nanite run MODEL [PROMPT]`: what users of Ollama type. One answer where there is a prompt, else a conversation. */
export async function runModel(model: string, words: string[], options: RunOptions): Promise<number> {
  if (words.length > 0 || hasPipedInput()) {
    const { ask } = await import('./ask');
    return ask(words, { ...options, model, file: [], collection: [], stop: [], stdin: true, stream: true });
  }
  const { chat } = await import('../chat/chat');
  const { keepAlive } = options;
  return chat(undefined, { model, ...(keepAlive !== undefined && { keepAlive }) });
}
