import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../bytes';
import { corpus } from '../corpus/corpus';
import { examine } from '../examine';
import { Finding, fuzz, fuzzInput } from './run';

/** Another seed, or more inputs: `npx tsx packages/model-manager/fuzz.ts N SEED`. */
const seed = 1;
const count = 100_000;

describe('fuzz', () => {
  it(`finds nothing in ${count} mutations from seed ${seed}`, { timeout: 300_000 }, () => {
    const { accepted, refused } = fuzz(count, seed);
    // It is of use only while it reaches both sides, and most reasons.
    expect(accepted).toBeGreaterThan(count / 100);
    expect(Object.keys(refused).length).toBeGreaterThan(15);
  });

  it('finds a reader that trusts the number of tensors, and one that throws what it should not', () => {
    const trusting = (source: ByteSource) => {
      const head = Buffer.from(source.read(0, 16));
      if (head.length === 16) source.read(Number(head.readBigUInt64LE(8) & 0xffff_ffffn), 4096);
      return examine(source);
    };
    expect(() => fuzz(1000, seed, { target: trusting })).toThrow(Finding);
    const throwing = (source: ByteSource) => {
      if (source.size === 0) throw new RangeError('empty');
      return examine(source);
    };
    expect(() => fuzz(1000, seed, { target: throwing })).toThrow(Finding);
  });

  it('makes the same input from the same seed', () => {
    const files = corpus.map(({ bytes }) => bytes());
    for (const at of [1, 77, 4711]) expect(fuzzInput(files, at).equals(fuzzInput(files, at))).toBe(true);
    expect(fuzzInput(files, 1).equals(fuzzInput(files, 2))).toBe(false);
  });
});
