import { ggufFile, type Written, type WrittenFile, type WrittenTensor } from '@nanite/gguf';

/**
 * A model of 60 KB that says what it sees and hears: `red`, `green`, `blue` for an image of that colour, `sound` for a recording
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
const yes: Written = { type: 'bool', value: true };

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

/** The language model: FROM this, FROM a projector. */
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

const projector = (
  encoder: 'vision' | 'audio',
  type: string,
  more: Record<string, Written>,
): WrittenFile['metadata'] =>
  Object.entries({
    'general.architecture': string('clip'),
    'general.type': string('mmproj'),
    'general.name': string(`Tiny ${encoder}`),
    'general.file_type': u32(0),
    'clip.projector_type': string(type),
    [`clip.has_${encoder}_encoder`]: yes,
    'clip.use_gelu': yes,
    [`clip.${encoder}.block_count`]: u32(1),
    [`clip.${encoder}.attention.head_count`]: u32(1),
    [`clip.${encoder}.attention.layer_norm_epsilon`]: f32(1e-5),
    [`clip.${encoder}.projection_dim`]: u32(width),
    ...more,
  });

/** A layer that changes nothing. */
const idleLayer = (prefix: 'v' | 'a', size: number): WrittenTensor[] => [
  ...['attn_q', 'attn_k', 'attn_v', 'attn_out', 'ffn_up', 'ffn_down'].map((name) =>
    tensor(`${prefix}.blk.0.${name}.weight`, [size, size]),
  ),
  ...['attn_q.bias', 'attn_v.bias', 'ln1.weight', 'ln1.bias', 'ln2.weight', 'ln2.bias'].map((name) =>
    tensor(`${prefix}.blk.0.${name}`, [size]),
  ),
];

/** Sees the mean colour of an image, of 2 by 2 parts: a projector of the kind that LLaVA has. */
export function tinyVision(): Buffer {
  const [side, patch, size] = [32, 16, 8];
  const pixels = patch * patch;
  const half: Written = { type: 'array', of: 'f32', values: [0.5, 0.5, 0.5] };
  return ggufFile({
    metadata: projector('vision', 'mlp', {
      'clip.vision.image_size': u32(side),
      'clip.vision.patch_size': u32(patch),
      'clip.vision.embedding_length': u32(size),
      'clip.vision.feed_forward_length': u32(size),
      'clip.vision.image_mean': half,
      'clip.vision.image_std': half,
    }),
    tensors: [
      tensor(
        'v.patch_embd.weight',
        [patch, patch, 3, size],
        range(3 * pixels).map((at) => [
          [Math.floor(at / pixels), Math.floor(at / pixels), 0, at % pixels],
          1 / pixels,
        ]),
      ),
      tensor('v.position_embd.weight', [size, (side / patch) ** 2]),
      ...idleLayer('v', size),
      tensor('mm.0.weight', [size, width], diagonal(3)),
      tensor('mm.0.bias', [width]),
      tensor('mm.2.weight', [width, width], diagonal(3)),
      tensor('mm.2.bias', [width]),
    ],
  });
}

/** Hears whether there is any sound: a projector of the kind that Ultravox has. */
export function tinyAudio(): Buffer {
  const [bins, size, stacked] = [80, 8, 50];
  return ggufFile({
    metadata: projector('audio', 'ultravox', {
      'clip.audio.embedding_length': u32(size),
      'clip.audio.feed_forward_length': u32(size),
      'clip.audio.num_mel_bins': u32(bins),
      'clip.audio.projector.stack_factor': u32(stacked),
    }),
    tensors: [
      halves(
        'a.conv1d.1.weight',
        [3, bins, size],
        range(bins).map((bin) => [0, bin, 1]),
      ),
      tensor('a.conv1d.1.bias', [1, size]),
      halves('a.conv1d.2.weight', [3, size, size], [[0, 0, 1]]),
      tensor('a.conv1d.2.bias', [1, size]),
      tensor('a.position_embd.weight', [size, 1500]),
      ...idleLayer('a', size),
      tensor('mm.a.norm_pre.weight', [size * stacked], 1),
      // The one half times what the other lets through.
      tensor(
        'mm.a.mlp.1.weight',
        [size * stacked, 2],
        range(2 * stacked).map((at) => [[at % 2, (at >> 1) * size], 1]),
      ),
      tensor('mm.a.norm_mid.weight', [1], 1),
      tensor('mm.a.mlp.2.weight', [1, width], [[[meaning.sound, 0], 1]]),
    ],
  });
}
