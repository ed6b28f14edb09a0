import { batches } from './batches';
import { pool, toUnitLength } from './pooling';
import type { Outputs, OnnxSession } from './session';
import { fitted } from './tokens';

/** An embedding model: text to vectors. */
export class Embedder {
  constructor(private readonly session: OnnxSession) {}

  /**
   * Vectors of texts or token ids, in their order, and the tokens that were computed.
   *
   * @param goesOn asked before each batch; false ends the work, the caller is gone
   * @throws TooManyTokens unless `truncate`
   */
  async embed(
    inputs: ReadonlyArray<string | readonly number[]>,
    truncate: boolean,
    goesOn: () => boolean,
  ): Promise<{ vectors: Float32Array[]; tokens: number }> {
    const { context } = this.session.options;
    const ids = inputs.map((input) =>
      fitted(typeof input === 'string' ? this.session.tokenize(input, true) : input, context, truncate),
    );
    const vectors = new Array<Float32Array>(ids.length);
    for (const group of batches(ids.map((list) => list.length))) {
      const batch = group.map((at) => ids[at]!);
      const outputs = await this.session.inTurn(
        batch.map((list) => ({ ids: list })),
        goesOn,
      );
      if (!outputs) break;
      this.pooled(outputs, batch).forEach((vector, row) => (vectors[group[row]!] = vector));
    }
    return { vectors, tokens: ids.reduce((sum, list) => sum + list.length, 0) };
  }

  private pooled(outputs: Outputs, batch: ReadonlyArray<readonly number[]>): Float32Array[] {
    const { manifest } = this.session.options;
    const ready = outputs['sentence_embedding'];
    if (ready) {
      const data = ready.data as Float32Array;
      const components = data.length / batch.length;
      return batch.map((_, row) => {
        const vector = data.slice(row * components, (row + 1) * components);
        return manifest.normalise ? toUnitLength(vector) : vector;
      });
    }
    const hidden = outputs['last_hidden_state'] ?? outputs[this.session.firstOutput];
    if (!hidden || hidden.dims.length !== 3) throw new Error('the model does not give embeddings');
    const [, tokens = 1, components = 0] = hidden.dims;
    return batch.map((ids, row) =>
      pool(
        hidden.data as Float32Array,
        row,
        tokens,
        ids.length,
        components,
        manifest.pooling ?? 'mean',
        manifest.normalise,
      ),
    );
  }
}
