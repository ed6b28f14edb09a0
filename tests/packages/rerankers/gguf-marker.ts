import { ggufFile } from '@nanite/gguf';

/** Number of the type of 32-bit floats in ggml. */
const f32 = 0;
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
    new Uint8Array(Float32Array.from({ length }, (_, at) => of(at)).buffer);
  const matrix = (
    name: string,
    columns: number,
    rows: number,
    of: (row: number, column: number) => number,
  ) => ({
    name,
    shape: [columns, rows],
    type: f32,
    data: filled(columns * rows, (at) => of(Math.floor(at / columns), at % columns)),
  });
  const vector = (name: string, length: number, each: number) => ({
    name,
    shape: [length],
    type: f32,
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
  return ggufFile({
    metadata: [
      ['general.architecture', { type: 'string', value: 'bert' }],
      ['general.name', { type: 'string', value: 'Marker' }],
      ['general.license', { type: 'string', value: 'apache-2.0' }],
      ['general.file_type', { type: 'u32', value: 0 }],
      ['bert.block_count', { type: 'u32', value: 1 }],
      ['bert.context_length', { type: 'u32', value: context }],
      ['bert.embedding_length', { type: 'u32', value: width }],
      ['bert.feed_forward_length', { type: 'u32', value: width }],
      ['bert.attention.head_count', { type: 'u32', value: 1 }],
      ['bert.attention.layer_norm_epsilon', { type: 'f32', value: 1e-12 }],
      ['bert.attention.causal', { type: 'bool', value: false }],
      ['bert.pooling_type', { type: 'u32', value: 4 }],
      ['tokenizer.ggml.model', { type: 'string', value: 'bert' }],
      ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: tokens }],
      [
        'tokenizer.ggml.token_type',
        { type: 'array', of: 'i32', values: tokens.map((token) => (special.test(token) ? 3 : 1)) },
      ],
      ['tokenizer.ggml.token_type_count', { type: 'u32', value: 2 }],
      ['tokenizer.ggml.bos_token_id', { type: 'u32', value: id('[CLS]') }],
      ['tokenizer.ggml.cls_token_id', { type: 'u32', value: id('[CLS]') }],
      ['tokenizer.ggml.seperator_token_id', { type: 'u32', value: id('[SEP]') }],
      ['tokenizer.ggml.unknown_token_id', { type: 'u32', value: id('[UNK]') }],
      ['tokenizer.ggml.padding_token_id', { type: 'u32', value: id('[PAD]') }],
      ['tokenizer.ggml.mask_token_id', { type: 'u32', value: id('[MASK]') }],
    ],
    tensors: [
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
  });
}
