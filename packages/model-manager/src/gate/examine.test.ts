import { describe, expect, it } from 'vitest';
import { bufferSource } from './bytes';
import { broken, known, sound } from './corpus/corpus';
import { ggufFile, type WrittenTensor } from '@nanite/gguf';
import { tinyLlama, tinyWith } from './corpus/tiny-llama';
import { onnxFile } from './corpus/onnx-file';
import { examine } from './examine';
import { Refusal } from './refusal';

const outcome = (bytes: Buffer) => {
  try {
    examine(bufferSource(bytes));
    return null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.status).toBe(422);
    expect(error.code).toBe('refused-model');
    expect(error.hint).toBeTruthy();
    return error.reason;
  }
};

describe('examine', () => {
  it.each(sound)('lets through: $name', ({ bytes }) => expect(outcome(bytes())).toBeNull());

  it.each(known)('refuses $name', ({ bytes, reason }) => expect(outcome(bytes())).toBe(reason));

  it.each(broken)('refuses $name: $reason', ({ bytes, reason }) => expect(outcome(bytes())).toBe(reason));

  it('refuses each sound file that is cut anywhere before its last tensor ends', () => {
    for (const { bytes } of sound) {
      const whole = bytes();
      for (let length = 0; length < whole.length - 64; length += 101) {
        expect(outcome(whole.subarray(0, length)), `${length} of ${whole.length} bytes`).not.toBeNull();
      }
    }
  });

  it('says what a GGUF model is', () => {
    expect(examine(bufferSource(ggufFile(tinyLlama())))).toMatchObject({
      format: 'gguf',
      architecture: 'llama',
      quantisation: 'Q8_0',
      contextLength: 128,
      embeddingLength: 32,
      capabilities: ['completion', 'chat', 'tools'],
      role: 'weights',
      split: null,
      name: 'Tiny',
      licence: 'apache-2.0',
      tensors: 21,
    });
  });

  it('counts parameters over all tensors', () => {
    const layer = 4 * 32 * 32 + 3 * 32 * 64 + 2 * 32;
    expect(examine(bufferSource(ggufFile(tinyLlama(3)))).parameters).toBe(3 * layer + 2 * 32 * 256 + 32);
  });

  it.each([
    ['bert', 2, ['embedding'], 'cls'],
    ['bert', 4, ['rerank'], null],
    ['qwen3', 3, ['embedding'], 'last'],
    ['qwen3', 0, ['completion', 'chat', 'tools'], null],
  ])('%s that pools by %d: %j', (architecture, pooling, capabilities, pooled) => {
    const file = tinyWith({
      'general.architecture': { type: 'string', value: architecture },
      [`${architecture}.pooling_type`]: { type: 'u32', value: pooling },
    });
    expect(examine(bufferSource(ggufFile(file)))).toMatchObject({ capabilities, pooling: pooled });
  });

  it('knows a reranker that does not say how it pools by its head', () => {
    const bert = { 'general.architecture': { type: 'string' as const, value: 'bert' } };
    const head = { name: 'cls.output.weight', shape: [32, 1], type: 0 };
    const capabilities = (tensors: WrittenTensor[]) =>
      examine(bufferSource(ggufFile(tinyWith(bert, { tensors })))).capabilities;
    expect(capabilities([...tinyLlama().tensors, head])).toEqual(['rerank']);
    expect(capabilities([...tinyLlama().tensors])).toEqual(['embedding']);
  });

  it.each([
    [['vision'], ['vision']],
    [['audio'], ['audio']],
    [
      ['vision', 'audio'],
      ['vision', 'audio'],
    ],
  ])('knows a projector by its encoders: %j', (encoders, capabilities) => {
    const file = tinyWith({
      'general.architecture': { type: 'string', value: 'clip' },
      ...Object.fromEntries(
        encoders.map((encoder) => [`clip.has_${encoder}_encoder`, { type: 'bool' as const, value: true }]),
      ),
    });
    expect(examine(bufferSource(ggufFile(file)))).toMatchObject({ role: 'projector', capabilities });
  });

  it.each([
    ['Qwen2.5 Coder 7B Instruct', ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'], true],
    ['Qwen2.5 7B Instruct', ['<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>'], false],
    ['DeepSeek Coder V2', ['<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'], true],
    ['OpenCoder 8B', ['<|fim_prefix|>', '<|fim_suffix|>'], false],
  ])('%s with the tokens %j fills gaps: %s', (name, tokens, fills) => {
    const file = tinyWith({
      'general.name': { type: 'string', value: name },
      'tokenizer.ggml.tokens': {
        type: 'array',
        of: 'string',
        values: Array.from({ length: 256 }, (_, at) => tokens[at - 3] ?? `t${at}`),
      },
    });
    expect(examine(bufferSource(ggufFile(file))).capabilities.includes('insert')).toBe(fills);
  });

  it('says what an ONNX model is, and what files it needs', () => {
    expect(examine(bufferSource(onnxFile()))).toMatchObject({
      format: 'onnx',
      quantisation: 'F32',
      parameters: 32,
      embeddingLength: 8,
      capabilities: ['embedding'],
      externalData: [],
    });
    const beside = sound.find(({ name }) => name.includes('beside'))!.bytes();
    expect(examine(bufferSource(beside)).externalData).toEqual([{ path: 'model.onnx_data', bytes: 128 }]);
  });
});
