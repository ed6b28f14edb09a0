/** A distribution in a few numbers, in the unit of its samples. */
export interface Summary {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/**
 * The q-quantile of samples in ascending order, interpolated between neighbours (type 7 of Hyndman and Fan, 1996: what
 * R and NumPy do unless told otherwise).
 *
 * @param q 0 to 1
 * @throws RangeError without samples, or with q outside 0 to 1
 */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  const last = ascending.length - 1;
  if (last < 0) throw new RangeError('no samples');
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile lies between 0 and 1, not at ${q}`);
  const at = q * last;
  const below = Math.floor(at);
  const low = ascending[below] as number;
  const high = ascending[Math.min(below + 1, last)] as number;
  return low + (at - below) * (high - low);
}

/** @throws RangeError without samples */
export function summarise(samples: Iterable<number>): Summary {
  const ascending = Float64Array.from(samples).sort();
  return {
    count: ascending.length,
    mean: ascending.reduce((sum, sample) => sum + sample, 0) / ascending.length,
    p50: quantile(ascending, 0.5),
    p90: quantile(ascending, 0.9),
    p99: quantile(ascending, 0.99),
    p999: quantile(ascending, 0.999),
    max: quantile(ascending, 1),
  };
}

/** @throws RangeError without samples */
export function median(samples: Iterable<number>): number {
  return quantile(Float64Array.from(samples).sort(), 0.5);
}
