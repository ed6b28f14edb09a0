/** GGUF's numbers of the types used here (ggml/docs/gguf.md). */
const kinds = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
type Kind = Exclude<keyof typeof kinds, 'array'>;
type Pair = readonly [
  key: string,
  kind: Kind,
  value: number | string | boolean | ReadonlyArray<number | string>,
];
interface Tensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const string = (text: string): Buffer => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)]);

function scalar(kind: Kind, value: number | string | boolean): Buffer {
  if (kind === 'string') return string(String(value));
  if (kind === 'bool') return Buffer.from([Number(value)]);
  return kind === 'f32' ? Buffer.from(Float32Array.of(Number(value)).buffer) : u32(Number(value));
}

function written([key, kind, value]: Pair): Buffer {
  if (!Array.isArray(value))
    return Buffer.concat([string(key), u32(kinds[kind]), scalar(kind, value as string)]);
  const list = value as ReadonlyArray<number | string>;
  return Buffer.concat([
    ...[string(key), u32(kinds.array), u32(kinds[kind]), u64(list.length)],
    ...list.map((each) => scalar(kind, each)),
  ]);
}

const alignment = 32;
const padding = (size: number) => Buffer.alloc((alignment - (size % alignment)) % alignment);

function gguf(pairs: readonly Pair[], tensors: readonly Tensor[]): Buffer {
  const data = tensors.map(({ data: { buffer } }) =>
    Buffer.concat([Buffer.from(buffer), padding(buffer.byteLength)]),
  );
  let offset = 0;
  const header = Buffer.concat([
    ...[Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(pairs.length)],
    ...pairs.map(written),
    ...tensors.map(({ name, shape }, at) => {
      const info = [string(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset)];
      offset += data[at]!.length;
      return Buffer.concat(info);
    }),
  ]);
  return Buffer.concat([header, padding(header.length), ...data]);
}

const width = 32;
const context = 512;

/**
 * A BERT with a ranking head, small and made by hand: attention gives every token the same weight, so the mark at the
 * beginning sees which part of the pair's tokens are markers, and the head makes a score of that.
 *
 * @param vocabulary of WordPiece, as a tokenizer.json has it
 */
export function markerGguf(vocabulary: readonly string[], markers: readonly string[]): Buffer {
  const special = /^\[.+\]$/;
  // llama.cpp's form: a word begins with U+2581, what goes on has no mark.
  const tokens = vocabulary.map((token) =>
    special.test(token) ? token : token.startsWith('##') ? token.slice(2) : `\u2581${token}`,
  );
  const filled = (length: number, of: (at: number) => number) =>
    Float32Array.from({ length }, (_, at) => of(at));
  const matrix = (
    name: string,
    columns: number,
    rows: number,
    of: (row: number, column: number) => number,
  ) => ({
    name,
    shape: [columns, rows],
    data: filled(columns * rows, (at) => of(Math.floor(at / columns), at % columns)),
  });
  const vector = (name: string, length: number, each: number) => ({
    name,
    shape: [length],
    data: filled(length, () => each),
  });
  const norm = (name: string) => [vector(`${name}.weight`, width, 1), vector(`${name}.bias`, width, 0)];
  const identity = (row: number, column: number) => (row === column ? 1 : 0);
  const nothing = () => 0;
  const marked = new Set(markers);
  // Dimension 0 and 3 tell a marker, 1 and 2 keep the others from being nothing, which has no direction.
  const embedding = (token: number, at: number) => [marked.has(vocabulary[token]!) ? 1 : 0, 1, -1, marked.has(vocabulary[token]!) ? -1 : 0][at] ?? 0; // prettier-ignore
  const linear = (name: string, of: (row: number, column: number) => number) => [
    matrix(`${name}.weight`, width, width, of),
    vector(`${name}.bias`, width, 0),
  ];
  const id = (token: string) => vocabulary.indexOf(token);
  return gguf(
    [
      ['general.architecture', 'string', 'bert'],
      ['general.name', 'string', 'Marker'],
      ['general.license', 'string', 'apache-2.0'],
      ['general.file_type', 'u32', 0],
      ['bert.block_count', 'u32', 1],
      ['bert.context_length', 'u32', context],
      ['bert.embedding_length', 'u32', width],
      ['bert.feed_forward_length', 'u32', width],
      ['bert.attention.head_count', 'u32', 1],
      ['bert.attention.layer_norm_epsilon', 'f32', 1e-12],
      ['bert.attention.causal', 'bool', false],
      ['bert.pooling_type', 'u32', 4],
      ['tokenizer.ggml.model', 'string', 'bert'],
      ['tokenizer.ggml.tokens', 'string', tokens],
      ['tokenizer.ggml.token_type', 'i32', tokens.map((token) => (special.test(token) ? 3 : 1))],
      ['tokenizer.ggml.token_type_count', 'u32', 2],
      ['tokenizer.ggml.bos_token_id', 'u32', id('[CLS]')],
      ['tokenizer.ggml.cls_token_id', 'u32', id('[CLS]')],
      ['tokenizer.ggml.seperator_token_id', 'u32', id('[SEP]')],
      ['tokenizer.ggml.unknown_token_id', 'u32', id('[UNK]')],
      ['tokenizer.ggml.padding_token_id', 'u32', id('[PAD]')],
      ['tokenizer.ggml.mask_token_id', 'u32', id('[MASK]')],
    ],
    [
      matrix('token_embd.weight', width, vocabulary.length, embedding),
      matrix('token_types.weight', width, 2, nothing),
      matrix('position_embd.weight', width, context, nothing),
      ...norm('token_embd_norm'),
      ...linear('blk.0.attn_q', nothing),
      ...linear('blk.0.attn_k', nothing),
      ...linear('blk.0.attn_v', identity),
      ...linear('blk.0.attn_output', identity),
      ...norm('blk.0.attn_output_norm'),
      ...linear('blk.0.ffn_up', nothing),
      ...linear('blk.0.ffn_down', nothing),
      ...norm('blk.0.layer_output_norm'),
      matrix('cls.output.weight', width, 1, (_, column) => (column === 0 ? 4 : 0)),
      vector('cls.output.bias', 1, -1),
    ],
  );
}
