import { ApiFailure } from '@nanite/contracts';
import { NaniteError, schemaErrorText } from '@nanite/kit';

/** Anything thrown as an error with a code, a message and a status. What we do not know says nothing of our insides. */
export function problemOf(error: unknown): NaniteError {
  if (error instanceof NaniteError) return error;
  if (error instanceof ApiFailure) {
    if (['unreachable', 'no-access', 'broken-off'].includes(error.code)) {
      return new NaniteError('engine-unreachable', 'the engine does not answer, so no model can be loaded', {
        status: 503,
        hint: 'see: systemctl status nanite-engine.socket',
        cause: error,
      });
    }
    return new NaniteError(error.code, error.message, {
      status: error.status === 500 ? 502 : error.status,
      ...(error.hint !== null && { hint: error.hint }),
      cause: error,
    });
  }
  const objection = schemaErrorText(error);
  if (objection !== null) return new NaniteError('invalid-request', objection, { status: 400, cause: error });
  return new NaniteError('internal', 'something went wrong inside the gateway', {
    status: 500,
    hint: 'see: journalctl -u nanite-gateway',
    cause: error,
  });
}
