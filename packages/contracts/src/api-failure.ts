/** An answer other than 2xx of one of our services or of a server of Ollama's API, or no answer at all. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    /** HTTP status; 503 where nothing answers, 403 where one may not connect, 502 where the answer broke off. */
    readonly status: number,
    /**
     * Stable code of ApiError, or `unreachable` (nothing listens there), `no-access` (the socket's permissions),
     * `broken-off` (the connection ended before the answer did), `bad-answer` (not what was agreed), `http-<status>`
     * (an error without a code, such as Ollama's).
     */
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
