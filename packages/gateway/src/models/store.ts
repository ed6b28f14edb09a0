import { ApiFailure, type ModelStoreClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Context } from '../context';
import type { Exchange } from '../http/exchange';

/** The model store, asked for whoever sent the request: the store decides whether that user may. */
export const storeFor = (exchange: Exchange, context: Context): ModelStoreClient =>
  context.store.for(exchange.identity.uid);

/** Where the store answers nothing: the truthful refusal. Nothing was done. */
function absent(what: string, cause: unknown): NaniteError {
  return new NaniteError(
    'no-model-manager',
    `${what} needs the model manager, which is not installed or does not run`,
    {
      status: 501,
      hint: 'apt install nanite-models; single models come as packages too: apt search nanite-model-',
      cause,
    },
  );
}

/** An error of the store, as the gateway answers it. */
export function storeProblem(error: unknown, what: string): unknown {
  if (!(error instanceof ApiFailure)) return error;
  if (error.code === 'unreachable') return absent(what, error);
  return new NaniteError(error.code, error.message, {
    status: error.status,
    ...(error.hint !== null && { hint: error.hint }),
    cause: error,
  });
}

/** @throws NaniteError for whatever the store says, 501 `no-model-manager` where there is none */
export async function askStore<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw storeProblem(error, what);
  }
}
