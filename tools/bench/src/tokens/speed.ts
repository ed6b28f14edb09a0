import type { Completion } from './completion';

/**
 * Tokens a second of one client, or of several together, between the first token of all and the last: the time of the
 * prompts is not in it. One token of each client is already there when its clock starts.
 *
 * @throws RangeError where nothing was generated after the first token
 */
export function generationSpeed(answers: Completion[]): number {
  const first = Math.min(...answers.map(({ firstTokenAt }) => firstTokenAt));
  const last = Math.max(...answers.map(({ lastTokenAt }) => lastTokenAt));
  const tokens = answers.reduce((sum, answer) => sum + answer.tokens - 1, 0);
  if (!(last > first) || tokens <= 0) throw new RangeError('nothing was generated after the first token');
  return tokens / (last - first);
}

/** Tokens a second of a prompt, from the sending of the request to the first token of its answer. */
export function promptSpeed({ promptTokens, sentAt, firstTokenAt }: Completion): number {
  return promptTokens / (firstTokenAt - sentAt);
}
