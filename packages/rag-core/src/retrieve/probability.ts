/** Weights of a logistic regression: of the cosine to the question, and of how much of the question's words stand in a passage. */
interface Fit {
  constant: number;
  cosine: number;
  coverage: number;
}

/** Whose cosines are known: those of another model mean something else. */
const fits: ReadonlyArray<{ model: RegExp; fit: Fit }> = [
  // The question with its instruction; on half of the questions of Cranfield and of manual pages (docs/decisions/0109).
  { model: /^bge-small(-en|:|$)/, fit: { constant: -12.3, cosine: 14, coverage: 2.3 } },
  // On half of the questions of manual pages in three languages, and of Cranfield's to them (docs/decisions/0170).
  { model: /^multilingual-e5-small(:|$)/, fit: { constant: -29.7, cosine: 31.4, coverage: 2.7 } },
];

/** Meaning was not compared, or by a model whose cosines are not known. */
const ofWords: Fit = { constant: -3.7, cosine: 0, coverage: 4.8 };

const fitOf = (model: string): Fit | undefined => fits.find((one) => one.model.test(model))?.fit;

/** Whether the cosines of a model's vectors say how probable a hit is. */
export const calibrated = (model: string): boolean => fitOf(model) !== undefined;

/**
 * Probability that a passage speaks of what was asked, from its cosine to the question (null: meaning was not compared) and from how
 * much of the question's words stand in it (0 to 1, weighted by rarity).
 */
export type Scorer = (cosine: number | null, coverage: number) => number;

/**
 * Fitted on the first five hits of questions, each also asked of another collection, where nothing answers them; the bench `calibrate` fits a
 * model. How good it is, for bge-small on the other half of the questions: of the hits between 0.2 and 0.4 0.32 are relevant, between
 * 0.4 and 0.6 0.48, between 0.6 and 0.8 0.62, above 0.8 0.79, below 0.2 0.04.
 */
export function scorerOf(model: string): Scorer {
  const known = fitOf(model);
  return (cosine, coverage) => {
    const fit = cosine === null ? ofWords : (known ?? ofWords);
    const z = fit.constant + fit.cosine * (cosine ?? 0) + fit.coverage * coverage;
    return 1 / (1 + Math.exp(-z));
  };
}
