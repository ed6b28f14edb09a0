import { tensorTypes, unusableTypes, valueTypes, type TensorType, type ValueType } from '@nanite/gguf';
import { ascii, Cursor, utf8, type ByteSource } from './bytes';
import { limits } from './limits';
import { refuse } from './refusal';
import { Vocabulary } from './vocabulary';

type ScalarType = Exclude<ValueType, 'array'>;

const widths: Record<Exclude<ScalarType, 'string'>, number> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  u64: 8,
  i64: 8,
  f64: 8,
};

/** One value of the metadata. Arrays are checked and measured, and only short arrays of numbers are kept. */
export type MetadataValue =
  | { type: Exclude<ScalarType, 'string' | 'bool'>; value: number | bigint }
  | { type: 'bool'; value: boolean }
  | { type: 'string'; value: string }
  | { type: 'array'; of: ScalarType; count: number; numbers: number[] | null };

export interface TensorInfo {
  name: string;
  type: TensorType;
  /** Elements of each dimension, the fastest first. */
  shape: number[];
  elements: number;
  /** Place in the file, and bytes. */
  at: number;
  bytes: number;
}

export interface GgufHeader {
  version: number;
  alignment: number;
  metadata: Map<string, MetadataValue>;
  vocabulary: Vocabulary;
  tensors: TensorInfo[];
  /** Where the tensors' data begins. */
  dataAt: number;
}

/** Arrays of numbers up to this length are kept: those with one entry a layer. */
const keptNumbers = limits.layers;

/**
 * Read and check a GGUF header: all that gguf.cpp checks, and the limits on which it relies on the file being honest.
 *
 * Nothing is read behind the header but the file's size; `source.size` must be the whole file's. Layout:
 * ggml/docs/gguf.md, checks: ggml/src/gguf.cpp of the llama.cpp that we ship.
 * @throws Refusal and nothing else, whatever the bytes
 */
export function readGguf(source: ByteSource): GgufHeader {
  const cursor = new Cursor(source, 0, source.size);
  if (ascii(cursor.bytes(4), 'the magic') !== 'GGUF') refuse('not-a-model', 'this is not a GGUF file');
  const version = cursor.u32();
  if ((version & 0xffff) === 0) {
    refuse('version', 'this GGUF file was made for big-endian machines', 'get the little-endian file');
  }
  if (version < 2 || version > 3) {
    refuse(
      'version',
      `this is GGUF version ${version}, and llama.cpp reads 2 and 3`,
      version < 2 ? 'get a newer conversion of the model' : 'update nanite-llama and nanite-models',
    );
  }
  const tensorCount = cursor.count(limits.tensors, 'number of tensors');
  const pairCount = cursor.count(limits.metadataPairs, 'number of metadata pairs');

  const vocabulary = new Vocabulary();
  const metadata = readMetadata(cursor, pairCount, vocabulary);
  const alignment = alignmentOf(metadata);
  const tensors = readTensors(cursor, tensorCount);
  withinHeader(cursor);
  const dataAt = tensors.length === 0 ? cursor.at : padded(cursor.at, alignment);
  placeTensors(tensors, dataAt, alignment, source.size);
  return {
    version,
    alignment,
    metadata,
    vocabulary,
    tensors: tensors.map(({ offset, ...info }) => ({ ...info, at: dataAt + offset })),
    dataAt,
  };
}

function withinHeader(cursor: Cursor): void {
  if (cursor.at > limits.headerBytes) {
    refuse('limit', `the header is longer than ${limits.headerBytes / 2 ** 20} MiB`);
  }
}

function readMetadata(cursor: Cursor, count: number, vocabulary: Vocabulary): Map<string, MetadataValue> {
  const metadata = new Map<string, MetadataValue>();
  let elements = 0;
  for (let pair = 0; pair < count; pair++) {
    const length = cursor.count(limits.keyBytes, `length of key ${pair}`);
    if (length === 0) refuse('metadata', `key ${pair} is empty`);
    const key = ascii(cursor.bytes(length), `key ${pair}`);
    if (metadata.has(key)) refuse('duplicate', `the key ${key} is there twice`);
    const type = valueType(cursor.i32(), key);
    const value = type === 'array' ? readArray(cursor, key, vocabulary) : readScalar(cursor, type, key);
    if (value.type === 'array') elements += value.count;
    if (elements > limits.totalArrayElements) refuse('limit', 'the metadata holds too many array elements');
    withinHeader(cursor);
    metadata.set(key, value);
  }
  return metadata;
}

function valueType(id: number, key: string): ValueType {
  return valueTypes[id] ?? refuse('value-type', `${key} has the value type ${id}, which does not exist`);
}

function readScalar(cursor: Cursor, type: ScalarType, key: string): MetadataValue {
  switch (type) {
    case 'string':
      return { type, value: utf8(cursor.bytes(cursor.count(limits.stringBytes, `length of ${key}`)), key) };
    case 'bool':
      return { type, value: readBool(cursor, key) };
    default:
      return { type, value: readNumber(cursor, type) };
  }
}

function readBool(cursor: Cursor, key: string): boolean {
  const value = cursor.u8();
  if (value > 1) refuse('metadata', `${key} is ${value}, neither true nor false`);
  return value === 1;
}

function readNumber(cursor: Cursor, type: Exclude<ScalarType, 'string' | 'bool'>): number | bigint {
  switch (type) {
    case 'u8':
      return cursor.u8();
    case 'i8':
      return (cursor.u8() << 24) >> 24;
    case 'u16':
      return cursor.u16();
    case 'i16':
      return (cursor.u16() << 16) >> 16;
    case 'u32':
      return cursor.u32();
    case 'i32':
      return cursor.i32();
    case 'f32':
      return cursor.f32();
    case 'u64':
      return cursor.u64();
    case 'i64':
      return cursor.i64();
    case 'f64':
      return cursor.f64();
  }
}

function readArray(cursor: Cursor, key: string, vocabulary: Vocabulary): MetadataValue {
  const of = valueType(cursor.i32(), key);
  if (of === 'array') refuse('value-type', `${key} is an array of arrays`);
  const count = cursor.count(limits.arrayElements, `number of elements of ${key}`);
  if (of === 'string') {
    const look = vocabulary.listener(key);
    const most = look ? limits.tokenBytes : limits.stringBytes;
    // At least its length stands before each string: no loop over a count that the file cannot hold.
    if (count * 8 > cursor.left) cursor.skip(count * 8);
    for (let element = 0; element < count; element++) {
      const length = cursor.count(most, `length of an element of ${key}`);
      if (look) look(cursor.bytes(length));
      else cursor.skip(length);
      if ((element & 0xfff) === 0) withinHeader(cursor);
    }
    return { type: 'array', of, count, numbers: null };
  }
  if (key === charsmapKey && (of === 'u8' || of === 'i8')) {
    checkCharsmap(cursor, count);
    return { type: 'array', of, count, numbers: null };
  }
  if (of === 'bool' || count > keptNumbers) {
    cursor.skip(count * widths[of]);
    return { type: 'array', of, count, numbers: null };
  }
  const numbers = Array.from({ length: count }, () => Number(readNumber(cursor, of)));
  return { type: 'array', of, count, numbers };
}

const charsmapKey = 'tokenizer.ggml.precompiled_charsmap';

/** The table of SentencePiece: its first four bytes say how long its first part is (llama.cpp pull request 25258). */
function checkCharsmap(cursor: Cursor, count: number): void {
  if (count < 4) refuse('metadata', `${charsmapKey} is too short for the length that it begins with`);
  const first = cursor.u32();
  if (first + 4 >= count) refuse('metadata', `${charsmapKey} says that it is longer than it is`);
  cursor.skip(count - 4);
}

function alignmentOf(metadata: ReadonlyMap<string, MetadataValue>): number {
  const given = metadata.get('general.alignment');
  if (given === undefined) return 32;
  if (given.type !== 'u32') refuse('alignment', 'general.alignment is not an unsigned 32-bit number');
  const alignment = Number(given.value);
  // The format asks for a multiple of 8; gguf.cpp for a power of two.
  if (alignment < 8 || alignment > limits.alignment || (alignment & (alignment - 1)) !== 0) {
    refuse('alignment', `tensors cannot be aligned to ${alignment} bytes`);
  }
  return alignment;
}

type Unplaced = Omit<TensorInfo, 'at'> & { offset: number };

function readTensors(cursor: Cursor, count: number): Unplaced[] {
  const tensors: Unplaced[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    const length = cursor.count(limits.tensorNameBytes, `length of the name of tensor ${index}`);
    const name = ascii(cursor.bytes(length), `the name of tensor ${index}`);
    if (name === '') refuse('metadata', `tensor ${index} has no name`);
    if (names.has(name)) refuse('duplicate', `the tensor ${name} is there twice`);
    names.add(name);

    const dimensions = cursor.u32();
    if (dimensions < 1 || dimensions > limits.dimensions) {
      refuse(
        'tensor-shape',
        `${name} has ${dimensions} dimensions, and ggml knows 1 to ${limits.dimensions}`,
      );
    }
    const shape: bigint[] = [];
    for (let at = 0; at < dimensions; at++) shape.push(cursor.u64());

    const id = cursor.i32();
    const type = tensorTypes.get(id);
    if (!type) {
      const why = unusableTypes.get(id);
      refuse(
        'tensor-type',
        `${name} is of type ${why ?? `${id}, which the llama.cpp that Nanite ships does not know`}`,
        why
          ? 'get a newer conversion of the model'
          : 'update nanite-llama and nanite-models, or the file is damaged',
      );
    }
    const { elements, bytes } = sizeOf(name, shape, type);
    const offset = cursor.u64();
    if (offset > maxPlace) refuse('tensor-bounds', `${name} lies at ${offset}, behind the end of any file`);
    tensors.push({ name, type, shape: shape.map(Number), elements, bytes, offset: Number(offset) });
  }
  return tensors;
}

/** No place or size in a file is larger; sums of two of these are exact. */
const maxPlace = 2n ** 50n;

/**
 * Elements and bytes of a tensor, multiplied in numbers without bound: a product that wraps is how a buffer becomes
 * smaller than what is read into it (CVE-2025-53630, CVE-2026-33298).
 */
function sizeOf(name: string, shape: bigint[], type: TensorType): { elements: number; bytes: number } {
  let elements = 1n;
  for (const size of shape) {
    if (size === 0n) refuse('tensor-shape', `${name} has a dimension without elements`);
    elements *= size;
    if (elements > maxPlace) refuse('tensor-shape', `${name} has more elements than any file holds`);
  }
  if (shape[0]! % BigInt(type.block) !== 0n) {
    refuse(
      'tensor-shape',
      `${name} has rows of ${shape[0]} elements, not a multiple of the ${type.block} of ${type.name}`,
    );
  }
  const bytes = (elements / BigInt(type.block)) * BigInt(type.bytes);
  if (bytes > maxPlace) refuse('tensor-shape', `${name} is larger than any file`);
  return { elements: Number(elements), bytes: Number(bytes) };
}

const padded = (size: number, alignment: number) => Math.ceil(size / alignment) * alignment;

/** Tensors lie one behind the other in the order of the header (gguf.cpp asks for that), and end within the file. */
function placeTensors(tensors: readonly Unplaced[], dataAt: number, alignment: number, size: number): void {
  let expected = 0;
  for (const { name, offset, bytes } of tensors) {
    if (offset % alignment !== 0) {
      refuse('tensor-bounds', `${name} lies at ${offset}, not a multiple of ${alignment}`);
    }
    if (dataAt + offset + bytes > size) {
      refuse(
        'truncated',
        `${name} ends at byte ${dataAt + offset + bytes}, and the file has ${size}`,
        'the download was cut off, or the file is damaged or was made to do harm: get it again from its publisher',
      );
    }
    if (offset !== expected) {
      refuse('tensor-bounds', `${name} lies at ${offset}, and the tensors before it end at ${expected}`);
    }
    expected = padded(offset + bytes, alignment);
  }
}
