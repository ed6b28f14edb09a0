/** Without the fields that say nothing: null means the default, as OpenAI's schema has it. */
export const withoutNulls = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));

/**
 * The fields of a request that go on to a worker: those that say something, and not `id_slot`. The worker itself finds the slot
 * whose cache begins like the prompt; a client that names one would wait until it is free, and throw away the cache of whoever used it.
 */
export function forWorker(body: Record<string, unknown>): Record<string, unknown> {
  const { id_slot: _slot, ...rest } = withoutNulls(body);
  return rest;
}
