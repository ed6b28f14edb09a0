/** What texts are for: models are trained to see questions and passages differently. */
export type Purpose = 'question' | 'passage';

/** Makes vectors of texts. */
export interface Embedder {
  /** Name of the model, as the gateway knows it: vectors of two models cannot be compared. */
  readonly model: string;
  /**
   * Vectors of length 1, in the order of the texts; texts that are too long for the model are cut.
   *
   * @throws NaniteError `model-missing`, `gateway-down`, `embedding-failed`; the signal's reason
   */
  embed(texts: readonly string[], purpose: Purpose, signal: AbortSignal): Promise<Float32Array[]>;
}
