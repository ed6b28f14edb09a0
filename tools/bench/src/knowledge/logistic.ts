/** An observation: what is known, and whether it was so. */
export interface Observation {
  known: readonly number[];
  so: boolean;
}

export const probabilityOf = (weights: readonly number[], known: readonly number[]): number =>
  1 / (1 + Math.exp(-known.reduce((sum, value, at) => sum + value * weights[at + 1]!, weights[0]!)));

/**
 * Logistic regression by Newton's method (iteratively reweighted least squares), with a trace of ridge, so that it ends where the
 * observations can be told apart without error.
 *
 * @returns the constant, then the weight of each known value
 */
export function fitLogistic(observations: readonly Observation[]): number[] {
  const size = observations[0]!.known.length + 1;
  const rows = observations.map(({ known, so }) => ({ values: [1, ...known], so: Number(so) }));
  let weights = new Array<number>(size).fill(0);
  for (let round = 0; round < 50; round++) {
    const gradient = weights.map((weight) => -ridge * weight);
    const curvature = weights.map((_, row) => weights.map((__, column) => (row === column ? ridge : 0)));
    for (const { values, so } of rows) {
      const p = probabilityOf(weights, values.slice(1));
      for (let row = 0; row < size; row++) {
        gradient[row]! += values[row]! * (so - p);
        for (let column = 0; column < size; column++)
          curvature[row]![column]! += values[row]! * values[column]! * p * (1 - p);
      }
    }
    const step = solved(curvature, gradient);
    weights = weights.map((weight, at) => weight + step[at]!);
    if (step.every((change) => Math.abs(change) < 1e-9)) break;
  }
  return weights;
}

const ridge = 1e-6;

/** Solve a system of equations by Gauss's elimination with pivots. */
function solved(matrix: readonly number[][], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at]!]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const best = rows.slice(column).reduce((a, b) => (Math.abs(b[column]!) > Math.abs(a[column]!) ? b : a));
    const at = rows.indexOf(best);
    [rows[column], rows[at]] = [best, rows[column]!];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = rows[row]![column]! / best[column]!;
      rows[row] = rows[row]!.map((value, place) => value - factor * best[place]!);
    }
  }
  return rows.map((row, at) => row[size]! / row[at]!);
}
