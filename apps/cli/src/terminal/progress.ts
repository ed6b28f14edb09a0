import type { OllamaChatResponse } from '@nanite/contracts';
import { isLively, paint } from './paint';

/** What a person sees on standard error while an answer is made. Shows nothing where that is not a terminal. */
export interface Progress {
  /** A piece of the answer came. */
  piece(): void;
  /** Clear the line. Call it before anything else is written to the terminal. */
  stop(): void;
}

const silent: Progress = { piece: () => {}, stop: () => {} };

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const clearLine = '\r\u001b[2K';

/**
 * A line that changes: how long the model has been silent, then, where the answer itself goes elsewhere, tokens and
 * tokens a second. Pieces are counted as tokens until the service tells the true count.
 *
 * No spinner library: those at hand end the program on Ctrl-C, which here stops an answer only.
 *
 * @param answerIsSeen the answer is written to the same terminal, so the line goes away with its first piece
 */
export function showProgress(what: string, answerIsSeen: boolean): Progress {
  if (!isLively(process.stderr)) return silent;
  const { cyan } = paint(process.stderr);
  const began = performance.now();
  let first = 0;
  let pieces = 0;
  let frame = 0;
  const draw = (): void => {
    const now = performance.now();
    const state =
      pieces === 0
        ? `${Math.floor((now - began) / 1000)} s`
        : `${pieces} tokens, ${((pieces * 1000) / Math.max(1, now - first)).toFixed(0)}/s`;
    process.stderr.write(`${clearLine}${cyan(frames[frame++ % frames.length] ?? '')} ${what} ${state}`);
  };
  // An answer that comes at once needs no line that flickers.
  const timer = setInterval(draw, 100);
  let isOver = false;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    if (frame > 0) process.stderr.write(clearLine);
  };
  return {
    piece: () => {
      if (pieces++ === 0) first = performance.now();
      if (answerIsSeen) stop();
    },
    stop,
  };
}

const perSecond = (count: number, nanoseconds: number): string =>
  nanoseconds > 0
    ? `${((count * 1e9) / nanoseconds).toFixed(count * 1e9 < 10 * nanoseconds ? 1 : 0)} tokens/s`
    : '';

/** `smollm2:135m · 42 tokens · 251 tokens/s`, dimmed. */
export function summary(last: OllamaChatResponse): string {
  const count = last.eval_count ?? 0;
  const parts = [
    last.model,
    `${count} token${count === 1 ? '' : 's'}`,
    perSecond(count, last.eval_duration ?? 0),
  ];
  return paint(process.stderr).dim(parts.filter((part) => part !== '').join(' · '));
}
