import type { OllamaOptions } from '@nanite/contracts';
import { ContextOverflow } from '../http/context-overflow';
import type { Session } from '../upstream/session';
import { tokensOf } from './tokens';

/** How many of its first tokens a prompt keeps where it says nothing: Ollama's default. */
const defaultKeep = 4;

/** A prompt of llama-server's /completion: a text, or tokens followed by one. */
type Prompt = string | Array<number | string>;

async function allTokens(session: Session, prompt: Prompt, signal: AbortSignal): Promise<number[]> {
  if (typeof prompt === 'string') return tokensOf(session, prompt, true, signal);
  const parts = prompt.map((part) =>
    typeof part === 'number' ? [part] : tokensOf(session, part, false, signal),
  );
  return (await Promise.all(parts)).flat();
}

/**
 * Ask with a whole prompt, and where it is too long with its first `num_keep` tokens and the latest that fill half of the
 * rest of the context, as Ollama does.
 */
export async function usePromptCut<T>(
  session: Session,
  prompt: unknown,
  options: OllamaOptions,
  signal: AbortSignal,
  ask: (prompt: Prompt) => Promise<T>,
): Promise<T> {
  const whole = prompt as Prompt;
  try {
    return await ask(whole);
  } catch (error) {
    if (!(error instanceof ContextOverflow)) throw error;
    const tokens = await allTokens(session, whole, signal);
    const context = error.contextTokens;
    const wanted = Math.trunc(options.num_keep ?? defaultKeep);
    const keep = Math.min(wanted < 0 ? tokens.length : wanted, context - 1);
    const latest = Math.min(tokens.length, context - Math.max(1, Math.floor((context - keep) / 2))) - keep;
    return ask([...tokens.slice(0, keep), ...(latest > 0 ? tokens.slice(-latest) : [])]);
  }
}
