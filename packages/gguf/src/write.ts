import { tensorTypes } from './tensor-types';
import { valueTypes, type ValueType } from './value-types';

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
  /** Its numbers; default: zeros. */
  data?: Uint8Array;
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

/**
 * A GGUF file, byte for byte as told (ggml/docs/gguf.md). For tests, and for packages of models whose weights come in another
 * form: nothing that ships writes one.
 */
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
  const numbers: Array<[place: number, data: Uint8Array]> = [];
  for (const { name, shape, type, offset, dimensions, data } of file.tensors) {
    string(name);
    u32(dimensions ?? shape.length);
    for (const size of shape) u64(BigInt(size));
    u32(type);
    u64(offset ?? BigInt(place));
    const known = tensorTypes.get(type) ?? { block: 1, bytes: 1 };
    const elements = shape.reduce<number>((product, size) => product * Number(size), 1);
    if (data !== undefined) numbers.push([place, data]);
    // A file that lies about its size is not as large as it says.
    place = padded(place + (data?.length ?? Math.min(2 ** 20, (elements / known.block) * known.bytes)));
  }
  const header = Buffer.concat(parts);
  const at = file.tensors.length === 0 ? header.length : padded(header.length);
  const body = Buffer.alloc(file.dataBytes ?? place);
  for (const [start, data] of numbers) body.set(data, start);
  return Buffer.concat([header, Buffer.alloc(at - header.length), body]);
}

/** The metadata of a GGUF file from plain values: whole numbers as u32, words as strings, lists of words as arrays. */
export function metadataOf(
  values: Record<string, string | number | readonly string[]>,
): WrittenFile['metadata'] {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'string') return [key, { type: 'string', value }] as const;
    if (typeof value === 'number') return [key, { type: 'u32', value }] as const;
    return [key, { type: 'array', of: 'string', values: value }] as const;
  });
}

/** A GGUF file of metadata alone. */
export const ggufHeader = (values: Record<string, string | number | readonly string[]>): Buffer =>
  ggufFile({ metadata: metadataOf(values), tensors: [] });
