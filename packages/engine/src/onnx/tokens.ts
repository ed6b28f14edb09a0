import { NaniteError } from '@nanite/kit';

/** An input is longer than the model's context. */
export class TooManyTokens extends NaniteError {
  constructor(
    readonly tokens: number,
    readonly context: number,
  ) {
    super('context-overflow', `the input has ${tokens} tokens, and the model takes ${context}`, {
      status: 400,
      hint: 'shorten it, or let it be cut with "truncate": true',
    });
  }
}

/**
 * Token ids that fit the context.
 *
 * A cut keeps the last id, the mark that ends an input: models were trained to see it.
 * @throws TooManyTokens where it is too long and must not be cut
 */
export function fitted(ids: readonly number[], context: number, truncate: boolean): readonly number[] {
  if (ids.length <= context) return ids;
  if (!truncate) throw new TooManyTokens(ids.length, context);
  return [...ids.slice(0, context - 1), ids.at(-1)!];
}
