import { askJson } from '../upstream/ask-json';
import type { Session } from '../upstream/session';

/**
 * Tokens of a text.
 *
 * @param special whether those that begin a prompt belong to it
 */
export async function tokensOf(
  session: Session,
  content: string,
  special: boolean,
  signal: AbortSignal,
): Promise<number[]> {
  const body = { content, add_special: special, parse_special: true };
  return (await askJson<{ tokens: number[] }>(session, '/tokenize', body, signal)).tokens;
}

/** A conversation written out in the model's template, up to where its answer begins. */
export async function promptOf(
  session: Session,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string> {
  return (await askJson<{ prompt: string }>(session, '/apply-template', body, signal)).prompt;
}
