import { batches } from './batches';
import type { Input, OnnxSession } from './session';
import { TooManyTokens } from './tokens';

/** What a cross-encoder needs of its tokenizer. */
export interface PairTokenizer {
  encode(
    text: string,
    options: { text_pair?: string; add_special_tokens?: boolean; return_token_type_ids?: true },
  ): { ids: number[]; token_type_ids?: number[] | undefined };
}

/**
 * Token ids of a pair, with the marks that the model was trained on. What is too long is cut at the end of the document: the
 * mark after it stays.
 *
 * @throws TooManyTokens where it must not be cut, or nothing of the document would be left
 */
export function pairOf(
  tokenizer: PairTokenizer,
  query: string,
  document: string,
  context: number,
  truncate: boolean,
): Required<Input> {
  const { ids, token_type_ids: types = ids.map(() => 0) } = tokenizer.encode(query, {
    text_pair: document,
    return_token_type_ids: true,
  });
  const over = ids.length - context;
  if (over <= 0) return { ids, types };
  const held = tokenizer.encode(document, { add_special_tokens: false }).ids.length;
  if (!truncate || held <= over) throw new TooManyTokens(ids.length, context);
  const cut = (list: readonly number[]) => [...list.slice(0, context - 1), list.at(-1)!];
  return { ids: cut(ids), types: cut(types) };
}

/** A model that reads a query and a document together and says how well one answers the other. */
export class CrossEncoder {
  constructor(private readonly session: OnnxSession) {}

  /**
   * The model's logit of each document, in their order, and the tokens that were computed.
   *
   * @param goesOn asked before each batch; false ends the work, the caller is gone
   * @throws TooManyTokens unless `truncate`
   */
  async judge(
    query: string,
    documents: readonly string[],
    truncate: boolean,
    goesOn: () => boolean,
  ): Promise<{ logits: number[]; tokens: number }> {
    const { session } = this;
    const pairs = documents.map((document) =>
      pairOf(session.tokenizer, query, document, session.options.context, truncate),
    );
    const logits = new Array<number>(pairs.length).fill(0);
    for (const group of batches(pairs.map(({ ids }) => ids.length))) {
      const outputs = await session.inTurn(
        group.map((at) => pairs[at]!),
        goesOn,
      );
      if (!outputs) break;
      const given = outputs['logits'] ?? outputs[session.firstOutput];
      if (!given || given.data.length !== group.length)
        throw new Error('the model does not give one score for a pair');
      group.forEach((at, row) => (logits[at] = Number(given.data[row])));
    }
    return { logits, tokens: pairs.reduce((sum, { ids }) => sum + ids.length, 0) };
  }
}
