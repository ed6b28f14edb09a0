/** Pieces of text in a streamed answer of the fake worker. */
export const chunksOfAnswer = 200;

/** A moment, as the text of a piece. */
export const stampOf = (nanoseconds: bigint): string => ` t=${nanoseconds};`;

/** The moments in a text that is made of stamps, in nanoseconds. */
export function stampsIn(text: string): bigint[] {
  return Array.from(text.matchAll(/t=(\d+);/g), ([, stamp]) => BigInt(stamp as string));
}
