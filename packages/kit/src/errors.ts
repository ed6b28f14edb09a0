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

/** The message of anything thrown, with its causes in order. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (
    let at: unknown = error;
    at !== undefined && at !== null;
    at = at instanceof Error ? at.cause : undefined
  ) {
    parts.push(at instanceof Error ? at.message : String(at));
  }
  return parts.join(': ');
}
