import { ggufFile, type Written, type WrittenFile, type WrittenTensor } from '@nanite/gguf';

/**
 * A model of 200 KB that says what it sees and hears: `red`, `green`, `blue` for an image of that colour, `sound` for a recording
 * that is not silent, `nothing` for text alone. Not trained, but written: each number of a token means one thing.
 *
 * Its one layer looks at all that came before alike, and adds to the last token the mean of the first four numbers. The words are
 * read off from these.
 */
const width = 32;
/** What the numbers of a token mean. */
const meaning = { red: 0, green: 1, blue: 2, sound: 3, text: 4, answer: 5 } as const;

const string = (value: string): Written => ({ type: 'string', value });
const u32 = (value: number): Written => ({ type: 'u32', value });
const f32 = (value: number): Written => ({ type: 'f32', value });

/** Numbers of a tensor: those at the places that are named, 0 elsewhere. Places are given from the slowest dimension to the fastest. */
function tensor(
  name: string,
  shape: readonly number[],
  values: ReadonlyArray<readonly [place: readonly number[], value: number]> | number = 0,
): WrittenTensor {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (typeof values === 'number') numbers.fill(values);
  else {
    const sizes = [...shape].reverse();
    for (const [place, value] of values) {
      numbers[place.reduce((index, at, dimension) => index * sizes[dimension]! + at, 0)] = value;
    }
  }
  return { name, shape, type: 0, data: new Uint8Array(numbers.buffer) };
}

/** A tensor of 16-bit numbers, as convolutions over sound want it. Of the values only 0 and 1 are needed. */
function halves(
  name: string,
  shape: readonly number[],
  ones: ReadonlyArray<readonly number[]>,
): WrittenTensor {
  const { data, ...rest } = tensor(
    name,
    shape,
    ones.map((place) => [place, 1]),
  );
  const numbers = new Float32Array(data!.buffer);
  return {
    ...rest,
    type: 1,
    data: new Uint8Array(Uint16Array.from(numbers, (one) => (one === 1 ? 0x3c00 : 0)).buffer),
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, at) => at);
const diagonal = (length: number): Array<[number[], number]> => range(length).map((at) => [[at, at], 1]);

const words = ['red', 'green', 'blue', 'sound', 'nothing'] as const;
const bytes = range(256).map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...words];
const end = tokens.indexOf('</s>');
const isWord = (token: number): boolean => token >= tokens.length - words.length;

/** The language model, which needs a projector beside it to see and hear. */
export function tinyModel(): Buffer {
  /** Types of tokens in GGUF: 1 normal, 2 unknown, 3 control, 6 byte. */
  const types = tokens.map((_, at) => (at === 0 ? 2 : at < 3 ? 3 : isWord(at) ? 1 : 6));
  const file: WrittenFile = {
    metadata: [
      ['general.architecture', string('llama')],
      ['general.name', string('Tiny that sees and hears')],
      ['general.license', string('cc0-1.0')],
      ['general.file_type', u32(0)],
      ['llama.block_count', u32(1)],
      ['llama.context_length', u32(4096)],
      ['llama.embedding_length', u32(width)],
      ['llama.feed_forward_length', u32(width)],
      ['llama.attention.head_count', u32(1)],
      ['llama.attention.layer_norm_rms_epsilon', f32(1e-5)],
      ['llama.rope.dimension_count', u32(width)],
      ['tokenizer.ggml.model', string('llama')],
      ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: tokens }],
      ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: tokens.map(() => 0) }],
      ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: types }],
      ['tokenizer.ggml.bos_token_id', u32(1)],
      ['tokenizer.ggml.eos_token_id', u32(end)],
      ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: false }],
      [
        'tokenizer.chat_template',
        string(
          "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '\\n' }}{% endfor %}<|assistant|>",
        ),
      ],
    ],
    tensors: [
      tensor(
        'token_embd.weight',
        [width, tokens.length],
        tokens.map((_, at) => [[at, isWord(at) ? meaning.answer : meaning.text], 1]),
      ),
      tensor('blk.0.attn_norm.weight', [width], 1),
      // Without questions and keys all that came before counts alike.
      tensor('blk.0.attn_q.weight', [width, width]),
      tensor('blk.0.attn_k.weight', [width, width]),
      tensor('blk.0.attn_v.weight', [width, width], diagonal(4)),
      tensor('blk.0.attn_output.weight', [width, width], diagonal(4)),
      tensor('blk.0.ffn_norm.weight', [width], 1),
      tensor('blk.0.ffn_gate.weight', [width, width]),
      tensor('blk.0.ffn_up.weight', [width, width]),
      tensor('blk.0.ffn_down.weight', [width, width]),
      tensor('output_norm.weight', [width], 1),
      tensor(
        'output.weight',
        [width, tokens.length],
        [
          ...words.map((word, at): [number[], number] => [
            [tokens.length - words.length + at, word === 'nothing' ? meaning.text : meaning[word]],
            word === 'nothing' ? 10 : 10_000,
          ]),
          // After a word comes the end.
          [[end, meaning.answer], 1_000_000],
        ],
      ),
    ],
  };
  return ggufFile(file);
}

/** A layer that changes nothing. */
const idleLayer = (prefix: 'v' | 'a', size: number): WrittenTensor[] => [
  ...['attn_q', 'attn_k', 'attn_v', 'attn_out', 'ffn_up', 'ffn_down'].map((name) =>
    tensor(`${prefix}.blk.0.${name}.weight`, [size, size]),
  ),
  ...['attn_q.bias', 'attn_v.bias', 'ln1.weight', 'ln1.bias', 'ln2.weight', 'ln2.bias'].map((name) =>
    tensor(`${prefix}.blk.0.${name}`, [size]),
  ),
];

/** Numbers that go from one layer of an encoder to the next. */
const inner = 8;

/** What both encoders say of themselves. */
const encoder = (name: 'vision' | 'audio', more: Record<string, Written>): Record<string, Written> => ({
  [`clip.has_${name}_encoder`]: { type: 'bool', value: true },
  ...Object.fromEntries(
    Object.entries({
      block_count: u32(1),
      'attention.head_count': u32(1),
      'attention.layer_norm_epsilon': f32(1e-5),
      embedding_length: u32(inner),
      feed_forward_length: u32(inner),
      projection_dim: u32(width),
      ...more,
    }).map(([key, value]) => [`clip.${name}.${key}`, value]),
  ),
});

/** Images are looked at in 2 by 2 parts, recordings in seconds. */
const [side, patch, bins, stacked] = [32, 16, 80, 50] as const;
const half: Written = { type: 'array', of: 'f32', values: [0.5, 0.5, 0.5] };

/** As LLaVA sees: the mean colour of each part of an image. */
export const tinyVision = {
  metadata: encoder('vision', {
    projector_type: string('mlp'),
    image_size: u32(side),
    patch_size: u32(patch),
    image_mean: half,
    image_std: half,
  }),
  tensors: [
    tensor(
      'v.patch_embd.weight',
      [patch, patch, 3, inner],
      range(3 * patch * patch).map((at) => {
        const colour = Math.floor(at / (patch * patch));
        return [[colour, colour, 0, at % (patch * patch)], 1 / (patch * patch)];
      }),
    ),
    tensor('v.position_embd.weight', [inner, (side / patch) ** 2]),
    ...idleLayer('v', inner),
    tensor('mm.0.weight', [inner, width], diagonal(3)),
    tensor('mm.0.bias', [width]),
    tensor('mm.2.weight', [width, width], diagonal(3)),
    tensor('mm.2.bias', [width]),
  ],
};

/** As Ultravox hears: whether there is a sound of any pitch. */
const tinyAudio = {
  metadata: encoder('audio', {
    projector_type: string('ultravox'),
    num_mel_bins: u32(bins),
    'projector.stack_factor': u32(stacked),
  }),
  tensors: [
    halves(
      'a.conv1d.1.weight',
      [3, bins, inner],
      range(bins).map((bin) => [0, bin, 1]),
    ),
    tensor('a.conv1d.1.bias', [1, inner]),
    halves('a.conv1d.2.weight', [3, inner, inner], [[0, 0, 1]]),
    tensor('a.conv1d.2.bias', [1, inner]),
    tensor('a.position_embd.weight', [inner, 1500]),
    ...idleLayer('a', inner),
    tensor('mm.a.norm_pre.weight', [inner * stacked], 1),
    // One half times what the other lets through: both are the same sum.
    tensor(
      'mm.a.mlp.1.weight',
      [inner * stacked, 2],
      range(2 * stacked).map((at) => [[at % 2, Math.floor(at / 2) * inner], 1]),
    ),
    tensor('mm.a.norm_mid.weight', [1], 1),
    tensor('mm.a.mlp.2.weight', [1, width], [[[meaning.sound, 0], 1]]),
  ],
};

/** The projector of the model: with both encoders, or one. */
export function tinyProjector(
  encoders: ReadonlyArray<{ metadata: Record<string, Written>; tensors: WrittenTensor[] }> = [
    tinyVision,
    tinyAudio,
  ],
): Buffer {
  const metadata: Record<string, Written> = {
    'general.architecture': string('clip'),
    'general.type': string('mmproj'),
    'general.name': string('Tiny senses'),
    'general.file_type': u32(0),
    ...Object.assign({}, ...encoders.map((each) => each.metadata)),
  };
  return ggufFile({
    metadata: Object.entries(metadata),
    tensors: encoders.flatMap(({ tensors }) => tensors),
  });
}
