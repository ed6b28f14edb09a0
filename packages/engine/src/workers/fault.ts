import { NaniteError } from '@nanite/kit';
import type { Ending } from '../launch/launcher';

/** Lines of a log that say why, the telling ones of llama.cpp first. */
const telling = [
  /error loading model[^:]*: *(.+)/,
  /what\(\): *(.+)/,
  /GGML_ASSERT\(.+/,
  /failed to (?:load|read|initialize|create|allocate|open|map|parse)[^\n]*/i,
  /(?:unknown|unsupported|invalid|corrupt|not within|bad_alloc|out of memory)[^\n]*/i,
  /error[^\n]*/i,
];

/**
 * One line that says why, out of the end of a worker's log.
 *
 * @param guess take the last line where none is telling
 *
 * The log may repeat what a hostile file holds: control characters are dropped, and the length is bounded.
 */
export function reasonIn(log: string, guess = true): string | null {
  const lines = log
    .split('\n')
    // Time and level that llama.cpp puts before each line.
    .map((line) => line.replace(/^[\d.]+\s+[A-Z]\s+/, '').trim());
  for (const pattern of telling) {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match) return printable(match[1] ?? match[0]);
    }
  }
  const last = guess ? lines.filter(Boolean).at(-1) : undefined;
  return last === undefined ? null : printable(last);
}

function printable(text: string): string {
  const clean = text
    .replaceAll(/\p{C}+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return clean.length > 300 ? `${clean.slice(0, 299)}…` : clean;
}

/** How a process ended, for people. */
export function describeEnding({ kind, status }: Ending): string {
  switch (kind) {
    case 'success':
      return 'it ended by itself';
    case 'exit':
      return `it ended with status ${status}`;
    case 'signal':
      return `it was ended by SIG${status}`;
    case 'out-of-memory':
      return 'it needed more memory than its limit';
    case 'other':
      return `systemd says: ${status}`;
  }
}

/**
 * The error that a caller sees of a worker that ended.
 *
 * @param ready whether it had answered before: then its model is not to blame for being unreadable
 */
export function faultError(model: string, ending: Ending, log: string, ready: boolean): NaniteError {
  const reason = reasonIn(log, !ready);
  const how = describeEnding(ending);
  if (
    ending.kind === 'out-of-memory' ||
    /bad_alloc|out of memory|failed to allocate|ENOMEM/i.test(reason ?? '')
  ) {
    return new NaniteError('no-memory', `${model} ran out of memory: ${reason ?? how}`, {
      status: 503,
      hint: 'choose a smaller context, fewer slots or a smaller quantisation',
    });
  }
  const crashed =
    ending.kind === 'signal' && ['SEGV', 'ABRT', 'BUS', 'FPE', 'SYS'].includes(ending.status ?? '');
  if (!ready && (ending.kind === 'exit' || crashed)) {
    return new NaniteError('model-refused', `${model} cannot be loaded: ${reason ?? how}`, {
      status: 422,
      hint: 'the file is damaged or of a kind that the installed llama.cpp does not know: install the model again, or update',
    });
  }
  return new NaniteError(
    'worker-died',
    `the worker of ${model} is gone: ${how}${reason ? ` (${reason})` : ''}`,
    {
      status: 502,
      hint: 'try again: it will be started again',
    },
  );
}
