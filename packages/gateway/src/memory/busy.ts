import { NaniteError } from '@nanite/kit';

/** 503 with Retry-After: nothing is wrong, there is only too much of it. */
export class BusyError extends NaniteError {
  constructor(
    code: 'queue-full' | 'queue-timeout' | 'no-memory' | 'buffers-full',
    message: string,
    /** Seconds after which asking again makes sense. */
    readonly retryAfter: number,
  ) {
    super(code, message, { status: 503, hint: `try again in ${retryAfter} s` });
  }
}
