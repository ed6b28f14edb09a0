import type { GgufHeader, MetadataValue } from './gguf';
import { limits } from './limits';
import { refuse } from './refusal';

type Metadata = GgufHeader['metadata'];

/**
 * Check what llama.cpp takes from the metadata and uses as an index, a length or a size.
 *
 * Each check answers a fault that was once in llama.cpp or in a program beside it; see corpus.ts for their names.
 * @throws Refusal
 */
export function checkMetadata({ metadata, vocabulary, tensors }: GgufHeader): void {
  const architecture = textOf(metadata, 'general.architecture');
  if (architecture === null)
    refuse('metadata', 'general.architecture is missing, so the kind of model is unknown');
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(architecture)) {
    refuse('metadata', 'general.architecture is not the name of an architecture');
  }
  const split = splitOf(metadata);
  if (tensors.length === 0 && !(split && split.count > 1)) {
    refuse('metadata', 'the file holds no tensors: a vocabulary, not a model', 'get the whole model');
  }
  // Parts after the first hold tensors only.
  if (split && split.index > 0) return;

  for (const [key, most] of Object.entries(bounded)) {
    checkNumbers(metadata, `${architecture}.${key}`, most);
  }
  const layers = integerOf(metadata, `${architecture}.block_count`);
  for (const key of ['posnet.block_count', 'convnext.block_count']) {
    const parts = integerOf(metadata, `${architecture}.${key}`);
    if (parts !== null && parts > (layers ?? 0)) {
      refuse(
        'metadata',
        `${architecture}.${key} is ${parts}, more than the ${layers ?? 0} layers of the model`,
      );
    }
  }
  checkVocabulary(metadata, vocabulary.tokens, vocabulary.badByteToken);
  const template = textOf(metadata, 'tokenizer.chat_template');
  if (template !== null && template.length > limits.chatTemplateBytes) {
    refuse('limit', `the chat template is ${template.length} characters long`);
  }
}

/** Keys behind the architecture's name, and the most that each may be; arrays give a value for each layer. */
const bounded: Record<string, number> = {
  block_count: limits.layers,
  expert_count: limits.experts,
  expert_used_count: limits.experts,
  expert_shared_count: limits.experts,
  expert_group_count: limits.experts,
  leading_dense_block_count: limits.layers,
  nextn_predict_layers: limits.layers,
  context_length: limits.contextLength,
  embedding_length: limits.embeddingLength,
  feed_forward_length: 16 * limits.embeddingLength,
  vocab_size: limits.vocabulary,
  'attention.head_count': limits.heads,
  'attention.head_count_kv': limits.heads,
  'attention.key_length': limits.embeddingLength,
  'attention.value_length': limits.embeddingLength,
  'attention.sliding_window': limits.contextLength,
  'rope.dimension_count': limits.embeddingLength,
  'ssm.conv_kernel': limits.heads,
  'ssm.inner_size': limits.embeddingLength,
  'ssm.state_size': limits.embeddingLength,
  'vision.block_count': limits.layers,
  'vision.image_size': 65_536,
  'vision.patch_size': 65_536,
  'audio.block_count': limits.layers,
};

function checkNumbers(metadata: Metadata, key: string, most: number): void {
  const given = metadata.get(key);
  if (given === undefined) return;
  if (given.type === 'string' || given.type === 'bool') refuse('metadata', `${key} is not a number`);
  const values = given.type === 'array' ? given.numbers : [Number(given.value)];
  if (values === null || values.length > limits.layers) {
    refuse('limit', `${key} has more values than a model has layers`);
  }
  for (const value of values) {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      refuse('limit', `${key} is ${value}; llama.cpp has room for 0 to ${most}`);
    }
  }
}

/** Arrays with one element for each token, and the element types that llama.cpp reads them as. */
const parallelArrays: Record<string, readonly string[]> = {
  'tokenizer.ggml.scores': ['f32', 'i32'],
  'tokenizer.ggml.token_type': ['i32'],
};

/** Arrays that llama.cpp casts to one type without asking (pull requests 26690 and 20735). */
const castArrays: Record<string, readonly string[]> = {
  'tokenizer.ggml.tokens': ['string'],
  'tokenizer.ggml.merges': ['string'],
  'tokenizer.ggml.suppress_tokens': ['i32'],
  'tokenizer.ggml.precompiled_charsmap': ['u8', 'i8'],
};

function checkVocabulary(metadata: Metadata, tokens: number, badByteToken: string | null): void {
  for (const [key, types] of Object.entries({ ...castArrays, ...parallelArrays })) {
    const given = metadata.get(key);
    if (given === undefined) continue;
    if (given.type !== 'array' || !types.includes(given.of)) {
      refuse(
        'metadata',
        `${key} is not an array of ${types.join(' or ')}, and llama.cpp would read it as one`,
      );
    }
    if (key in parallelArrays && given.count < tokens) {
      refuse('metadata', `${key} has ${given.count} elements for ${tokens} tokens`);
    }
  }
  if (tokens > limits.vocabulary) refuse('limit', `the vocabulary has ${tokens} tokens`);
  const model = textOf(metadata, 'tokenizer.ggml.model');
  if (model === 'plamo2' && badByteToken !== null) {
    refuse(
      'metadata',
      `the token ${JSON.stringify(badByteToken)} does not name a byte, and llama.cpp would use it as an index`,
    );
  }
}

/** Number and count of a part of a model that was split into several files; null for a whole model. */
export function splitOf(metadata: Metadata): { index: number; count: number; tensors: number | null } | null {
  const [index, count] = ['split.no', 'split.count'].map((key) => {
    const given = metadata.get(key);
    if (given === undefined) return null;
    // llama.cpp ends the process where this is of another type (gguf_get_val_u16).
    if (given.type !== 'u16') refuse('split', `${key} is not an unsigned 16-bit number`);
    return Number(given.value);
  }) as [number | null, number | null];
  if (index === null && count === null) return null;
  if (count === null || count === 0) {
    // llama-gguf-split leaves zeroes where it merged.
    if (index === null || index === 0) return null;
    refuse('split', `this says that it is part ${index + 1} of a model of no parts`);
  }
  if (count > limits.splits) refuse('split', `this says that it is one of ${count} parts`);
  if ((index ?? 0) >= count) refuse('split', `this says that it is part ${(index ?? 0) + 1} of ${count}`);
  const total = metadata.get('split.tensors.count');
  const tensors = total === undefined ? null : integer(total);
  if (total !== undefined && tensors === null) refuse('split', 'split.tensors.count is not a number');
  return count === 1 ? null : { index: index ?? 0, count, tensors };
}

export function textOf(metadata: Metadata, key: string): string | null {
  const given = metadata.get(key);
  if (given === undefined) return null;
  if (given.type !== 'string') refuse('metadata', `${key} is not text`);
  return given.value;
}

export function integerOf(metadata: Metadata, key: string): number | null {
  const given = metadata.get(key);
  return given === undefined ? null : integer(given);
}

/** A whole number that is not negative; null for anything else. */
function integer(given: MetadataValue): number | null {
  if (given.type === 'array' || given.type === 'string' || given.type === 'bool') return null;
  const value = Number(given.value);
  if (value === -1) return 0xffff_ffff;
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
