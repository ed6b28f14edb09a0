import { tensorTypes } from '../ggml-types';
import { valueTypes, type ValueType } from '../gguf';

/** A value as it is written; nothing is checked, so that broken files can be made. */
export type Written =
  | { type: Exclude<ValueType, 'array'>; value: number | bigint | string | boolean | Uint8Array }
  | {
      type: 'array';
      of: ValueType | number;
      values: ReadonlyArray<number | bigint | string | boolean | Uint8Array>;
      /** Written instead of the number of values. */
      count?: bigint;
    };

export interface WrittenTensor {
  name: string | Uint8Array;
  shape: ReadonlyArray<number | bigint>;
  /** Number of the type in ggml. */
  type: number;
  /** Written instead of the next free place. */
  offset?: bigint;
  /** Written instead of the number of dimensions. */
  dimensions?: number;
}

export interface WrittenFile {
  magic?: string;
  version?: number;
  tensorCount?: bigint;
  pairCount?: bigint;
  metadata: ReadonlyArray<readonly [key: string | Uint8Array, value: Written & { typeId?: number }]>;
  tensors: readonly WrittenTensor[];
  alignment?: number;
  /** Bytes of tensor data; default: as many as the tensors ask for. */
  dataBytes?: number;
}

/** A GGUF file, byte for byte as told. */
export function ggufFile(file: WrittenFile): Buffer {
  const parts: Buffer[] = [];
  const u32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    parts.push(bytes);
  };
  const u64 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    parts.push(bytes);
  };
  const string = (text: string | Uint8Array, length?: bigint) => {
    const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
    u64(length ?? BigInt(bytes.length));
    parts.push(bytes);
  };
  const scalar = (type: ValueType | number, value: number | bigint | string | boolean | Uint8Array) => {
    if (value instanceof Uint8Array && type !== 'string') return void parts.push(Buffer.from(value));
    const bytes = Buffer.alloc(8);
    switch (type) {
      case 'string':
        return string(value as string | Uint8Array);
      case 'u8':
      case 'i8':
      case 'bool':
        bytes.writeUInt8(Number(value) & 0xff);
        return void parts.push(bytes.subarray(0, 1));
      case 'u16':
      case 'i16':
        bytes.writeUInt16LE(Number(value) & 0xffff);
        return void parts.push(bytes.subarray(0, 2));
      case 'u32':
      case 'i32':
        return u32(Number(value));
      case 'f32':
        bytes.writeFloatLE(Number(value));
        return void parts.push(bytes.subarray(0, 4));
      case 'f64':
        bytes.writeDoubleLE(Number(value));
        return void parts.push(bytes);
      default:
        return u64(BigInt(value as number | bigint));
    }
  };
  const typeId = (type: ValueType | number) => (typeof type === 'number' ? type : valueTypes.indexOf(type));

  parts.push(Buffer.from(file.magic ?? 'GGUF'));
  u32(file.version ?? 3);
  u64(file.tensorCount ?? BigInt(file.tensors.length));
  u64(file.pairCount ?? BigInt(file.metadata.length));
  for (const [key, value] of file.metadata) {
    string(key);
    u32(value.typeId ?? typeId(value.type));
    if (value.type === 'array') {
      u32(typeId(value.of));
      u64(value.count ?? BigInt(value.values.length));
      for (const element of value.values) scalar(value.of, element);
    } else {
      scalar(value.type, value.value);
    }
  }
  const alignment = file.alignment ?? 32;
  const padded = (size: number) => Math.ceil(size / alignment) * alignment;
  let place = 0;
  for (const { name, shape, type, offset, dimensions } of file.tensors) {
    string(name);
    u32(dimensions ?? shape.length);
    for (const size of shape) u64(BigInt(size));
    u32(type);
    u64(offset ?? BigInt(place));
    const known = tensorTypes.get(type) ?? { block: 1, bytes: 1 };
    const elements = shape.reduce<number>((product, size) => product * Number(size), 1);
    place = padded(place + Math.min(2 ** 20, (elements / known.block) * known.bytes));
  }
  const header = Buffer.concat(parts);
  const at = file.tensors.length === 0 ? header.length : padded(header.length);
  return Buffer.concat([header, Buffer.alloc(at - header.length), Buffer.alloc(file.dataBytes ?? place)]);
}

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
