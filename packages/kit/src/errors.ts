import { schemaErrorText } from './schema-issues';
import { systemErrorText } from './system-error';

/**
 * An error a person or a client can act on.
 *
 * `code` is stable and part of the API; `hint` says what to do next; `status` is the HTTP status that carries it.
 */
export class NaniteError extends Error {
  override readonly name = 'NaniteError';

  constructor(
    readonly code: string,
    message: string,
    readonly options: { hint?: string; status?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }

  get hint(): string | null {
    return this.options.hint ?? null;
  }

  get status(): number {
    return this.options.status ?? 500;
  }
}

/** What anything thrown says by itself: errors of the system and of schemas in words, never as they are thrown. */
const ownText = (error: unknown): string =>
  systemErrorText(error) ??
  schemaErrorText(error) ??
  (error instanceof Error ? error.message : String(error));

/** The message of anything thrown, with its causes in order. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (
    let at: unknown = error;
    at !== undefined && at !== null;
    at = at instanceof Error ? at.cause : undefined
  ) {
    const text = ownText(at);
    // An error that was wrapped to be told about often says what its cause says.
    if (!parts.some((part) => part.endsWith(text))) parts.push(text);
  }
  return parts.join(': ');
}
