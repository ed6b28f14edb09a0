import { ApiFailure } from '@nanite/contracts';
import { NaniteError, describeError, systemErrorText } from '@nanite/kit';
import { exitStatus } from './exit-status';
import { paint } from './terminal/paint';

const usageCodes = new Set(['usage', 'bad-settings', 'bad-setting-key', 'bad-schema', 'bad-file']);

/** Other things can be missing too: a folder, a job. */
const isNoModel = ({ status, code }: ApiFailure): boolean =>
  status === 404 && ['model-not-found', 'http-404'].includes(code);

/** The exit status that an error stands for. */
export function statusOf(error: unknown): number {
  if (error instanceof ApiFailure) {
    if (error.code === 'unreachable' || error.code === 'no-access') return exitStatus.unreachable;
    if (isNoModel(error)) return exitStatus.noModel;
    if (error.status === 503 || error.status === 429) return exitStatus.busy;
    return exitStatus.error;
  }
  if (error instanceof NaniteError) {
    if (usageCodes.has(error.code)) return exitStatus.usage;
    if (error.code === 'no-model') return exitStatus.noModel;
    if (error.code === 'answer-mismatch') return exitStatus.mismatch;
  }
  if (error instanceof Error && error.name === 'AbortError') return exitStatus.interrupted;
  return exitStatus.error;
}

/** An error as a person reads it: what is the matter, and what to do. */
export interface Reported {
  code: string;
  message: string;
  hint: string | null;
}

function hintFor(failure: ApiFailure): string | null {
  if (failure.hint !== null) return failure.hint;
  switch (failure.code) {
    case 'unreachable':
      if (process.env['NANITE_HOST']) return 'check NANITE_HOST, and that the service runs there';
      return (
        'start the service: sudo systemctl start nanite-gateway.socket\n' +
        'without systemd:   nanite serve\n' +
        'not installed yet: sudo apt install nanite-server'
      );
    case 'no-access':
      return 'the administrator decides who can ask: see gateway.access in nanite-config(5)';
    case 'broken-off':
      return 'try again; if it happens again, see: journalctl -u nanite-gateway -u nanite-engine -u "nanite-model@*"';
    default:
      if (failure.code === 'no-such-job') return 'nanite models jobs shows them';
      return isNoModel(failure) ? 'nanite models list shows what is installed' : null;
  }
}

export function describe(error: unknown): Reported {
  if (error instanceof ApiFailure) {
    const why =
      error.code === 'unreachable' && process.env['NANITE_HOST'] ? systemErrorText(error.cause) : null;
    return {
      code: error.code,
      message: why === null ? error.message : `${error.message}: ${why}`,
      hint: hintFor(error),
    };
  }
  if (error instanceof NaniteError) {
    const cause = error.options.cause;
    const message = cause === undefined ? error.message : `${error.message}: ${describeError(cause)}`;
    return { code: error.code, message, hint: error.hint };
  }
  return { code: 'internal', message: describeError(error), hint: null };
}

/** Text in lines that begin with an indent, the first one with `first`. */
export type Layout = (text: string, stream: NodeJS.WriteStream, indent: string, first?: string) => string;

const asItIs: Layout = (text, _stream, indent, first = indent) =>
  first + text.replaceAll('\n', `\n${indent}`);

/**
 * Tell about an error on standard error: for people, or as one line of JSON in ApiError's shape.
 *
 * @param layout how lines are broken; what breaks them to fit the terminal takes `nanite ask` too long to load
 * @returns the exit status
 */
export function report(error: unknown, json = false, layout: Layout = asItIs): number {
  const status = statusOf(error);
  if (status === exitStatus.interrupted) return status;
  const described = describe(error);
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: described })}\n`);
    return status;
  }
  const { red, dim } = paint(process.stderr);
  const message = layout(described.message, process.stderr, ' '.repeat(8), `${red('nanite:')} `);
  process.stderr.write(`${message}\n`);
  if (described.hint !== null) process.stderr.write(`${dim(layout(described.hint, process.stderr, '  '))}\n`);
  if (process.env['NANITE_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return status;
}
