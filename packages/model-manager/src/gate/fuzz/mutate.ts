import { ggufFile, valueTypes, type WrittenFile, type WrittenTensor, type Written } from '@nanite/gguf';
import { tinyLlama } from '../corpus/tiny-llama';
import type { Random } from './random';

/** Numbers at which counts, lengths and offsets break. */
const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  255n,
  256n,
  512n,
  513n,
  65_535n,
  65_536n,
  (1n << 31n) - 1n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 32n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 62n) + 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 32n,
  (1n << 64n) - 1n,
];

/** A changed copy of `bytes`: one to four changes of random kinds. `others` are files to take pieces from. */
export function mutate(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0; times--) changed = once(changed, others, random);
  return changed;
}

/** Most changes hit the first bytes, where counts and lengths are dense; any place may be hit. */
function place(bytes: Buffer, random: Random): number {
  const range = random.pick([64, 512, 4096, bytes.length]);
  return random.below(Math.min(range, bytes.length));
}

function once(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  if (bytes.length === 0) return Buffer.from(random.pick(others));
  const at = place(bytes, random);
  switch (random.below(9)) {
    case 0:
      bytes[at] = bytes[at]! ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2: {
      const value = random.pick(edges) + BigInt(random.below(3) - 1);
      if (at + 8 <= bytes.length) bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at);
      return bytes;
    }
    case 3:
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(Number(BigInt.asUintN(32, random.pick(edges))), at);
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const length = random.below(64);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length))]);
    }
    case 6: {
      const piece = bytes.subarray(at, at + random.below(128));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
    case 7: {
      const other = random.pick(others);
      const from = place(other, random);
      const piece = other.subarray(from, from + random.below(256));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
    }
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
  }
}

/** A GGUF file that is well formed but for one to three values: what no flipped bit reaches. */
export function structured(random: Random): Buffer {
  let file = tinyLlama(1 + random.below(3));
  for (let times = 1 + random.below(3); times > 0; times--) file = { ...file, ...change(file, random) };
  return ggufFile(file);
}

function change(file: WrittenFile, random: Random): Partial<WrittenFile> {
  const edge = () => random.pick(edges);
  const index = random.below(file.tensors.length);
  const tensor = (change: Partial<WrittenTensor>): Partial<WrittenFile> => ({
    tensors: file.tensors.map((old, at) => (at === index ? { ...old, ...change } : old)),
  });
  const pair = random.below(file.metadata.length);
  const value = (written: Written & { typeId?: number }): Partial<WrittenFile> => ({
    metadata: file.metadata.map((old, at) => (at === pair ? ([old[0], written] as const) : old)),
  });
  switch (random.below(14)) {
    case 0:
      return { tensorCount: edge() };
    case 1:
      return { pairCount: edge() };
    case 2:
      return { version: Number(BigInt.asUintN(32, edge())) };
    case 3:
      return tensor({ shape: Array.from({ length: 1 + random.below(5) }, edge) });
    case 4:
      return tensor({ type: random.below(50) - 2 });
    case 5:
      return tensor({ offset: edge() });
    case 6:
      return tensor({ dimensions: Number(BigInt.asUintN(32, edge())) });
    case 7:
      return tensor({ name: random.pick(['', 'a'.repeat(70), 'a\0', file.tensors[0]!.name, '\xff']) });
    case 8:
      return value({ type: 'array', of: random.below(16) - 1, values: [], count: edge() });
    case 9:
      return value({
        type: random.pick(['u8', 'u16', 'u32', 'i32', 'u64', 'f32'] as const),
        value: Number(BigInt.asIntN(48, edge())),
      });
    case 10:
      return value({
        type: 'string',
        value: random.pick(['', 'llama', 'x'.repeat(5000), 'a\0b', '\u{1f600}']),
      });
    case 11:
      return value({ type: 'u32', value: 1, typeId: random.below(valueTypes.length + 4) - 2 });
    case 12:
      return { dataBytes: random.below(50_000) };
    default:
      return {
        metadata: [...file.metadata, [random.pick(file.metadata)[0], random.pick(file.metadata)[1]] as const],
      };
  }
}
