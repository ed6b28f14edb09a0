import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGgufMetadata } from './read-metadata';
import { ggufFile, type WrittenFile } from './write';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-gguf-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const words = Array.from({ length: 200_000 }, (_, i) => `word${i}`);
const metadata: WrittenFile['metadata'] = [
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['tokenizer.ggml.tokens', { type: 'array', of: 'string', values: words }],
  ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: words.map((_, i) => i) }],
  ['llama.context_length', { type: 'u32', value: 8192 }],
  ['tokenizer.chat_template', { type: 'string', value: '{{ messages }}' }],
];

test('what stands before, between and behind long arrays', () => {
  const path = join(folder, 'whole.gguf');
  writeFileSync(path, ggufFile({ metadata, tensors: [] }));
  expect([...readGgufMetadata(path)]).toEqual([
    ['general.architecture', 'llama'],
    ['llama.context_length', 8192],
    ['tokenizer.chat_template', '{{ messages }}'],
  ]);
});

test.each([
  ['cut off within an array', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1_000_000), /ends inside/],
  ['another kind of file', () => Buffer.from('not a model'), /is not a GGUF file/],
])('%s', (_, change, message) => {
  const path = join(folder, 'broken.gguf');
  writeFileSync(path, change(ggufFile({ metadata, tensors: [] })));
  expect(() => readGgufMetadata(path)).toThrow(message);
});
