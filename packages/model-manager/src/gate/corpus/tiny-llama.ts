import type { WrittenFile, WrittenTensor, Written } from '@nanite/gguf';

const text = (value: string): Written => ({ type: 'string', value });
const u32 = (value: number): Written => ({ type: 'u32', value });

/** Metadata and tensors of a whole, tiny llama model: 2 layers, 256 tokens; llama.cpp loads it. */
export function tinyLlama(layers = 2): WrittenFile {
  const width = 32;
  const tokens = ['<unk>', '<s>', '</s>', ...Array.from({ length: 253 }, (_, at) => `t${at}`)];
  const block = (at: number): WrittenTensor[] => [
    { name: `blk.${at}.attn_norm.weight`, shape: [width], type: 0 },
    { name: `blk.${at}.attn_q.weight`, shape: [width, width], type: 8 },
    { name: `blk.${at}.attn_k.weight`, shape: [width, width], type: 8 },
    { name: `blk.${at}.attn_v.weight`, shape: [width, width], type: 8 },
    { name: `blk.${at}.attn_output.weight`, shape: [width, width], type: 8 },
    { name: `blk.${at}.ffn_norm.weight`, shape: [width], type: 0 },
    { name: `blk.${at}.ffn_gate.weight`, shape: [width, 64], type: 8 },
    { name: `blk.${at}.ffn_up.weight`, shape: [width, 64], type: 8 },
    { name: `blk.${at}.ffn_down.weight`, shape: [64, width], type: 8 },
  ];
  return {
    metadata: [
      ['general.architecture', text('llama')],
      ['general.name', text('Tiny')],
      ['general.license', text('apache-2.0')],
      ['general.file_type', u32(7)],
      ['llama.block_count', u32(layers)],
      ['llama.context_length', u32(128)],
      ['llama.embedding_length', u32(width)],
      ['llama.feed_forward_length', u32(64)],
      ['llama.attention.head_count', u32(2)],
      ['llama.attention.head_count_kv', u32(2)],
      ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 }],
      ['llama.rope.dimension_count', u32(16)],
      ['tokenizer.ggml.model', text('llama')],
      ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: tokens }],
      ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: tokens.map(() => 0) }],
      [
        'tokenizer.ggml.token_type',
        { type: 'array', of: 'i32', values: tokens.map((_, at) => (at < 3 ? 3 : 1)) },
      ],
      ['tokenizer.ggml.bos_token_id', u32(1)],
      ['tokenizer.ggml.eos_token_id', u32(2)],
      [
        'tokenizer.chat_template',
        text(
          "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% endfor %}{% if tools %}{{ tools }}{% endif %}",
        ),
      ],
    ],
    tensors: [
      { name: 'token_embd.weight', shape: [width, tokens.length], type: 8 },
      ...Array.from({ length: layers }, (_, at) => block(at)).flat(),
      { name: 'output_norm.weight', shape: [width], type: 0 },
      { name: 'output.weight', shape: [width, tokens.length], type: 8 },
    ],
  };
}

/** The tiny model with some pairs of its metadata changed, added, or (null) left out. */
export function tinyWith(
  changes: Record<string, Written | null>,
  other: Partial<WrittenFile> = {},
  base: WrittenFile = tinyLlama(),
): WrittenFile {
  const kept = base.metadata.filter(([key]) => !(String(key) in changes));
  const added = Object.entries(changes).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  );
  return { ...base, metadata: [...kept, ...added], ...other };
}

/** The tiny model with one tensor changed. */
export function tinyTensor(index: number, change: Partial<WrittenTensor>): WrittenFile {
  const base = tinyLlama();
  return {
    ...base,
    tensors: base.tensors.map((tensor, at) => (at === index ? { ...tensor, ...change } : tensor)),
  };
}
