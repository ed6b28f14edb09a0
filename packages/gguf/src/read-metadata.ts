import { closeSync, openSync, readSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';

export type GgufValue = number | bigint | boolean | string;

const scalarSize: Record<number, number> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const stringType = 8;
const arrayType = 9;
const longestString = 16 * 1024 * 1024;

/** Reads forward through a file of which only the beginning matters. */
class Reader {
  private buffer = Buffer.alloc(0);
  private at = 0;
  private filePosition = 0;

  constructor(private readonly fd: number) {}

  take(bytes: number): Buffer {
    while (this.buffer.length - this.at < bytes) {
      const chunk = Buffer.alloc(Math.max(1 << 20, bytes));
      const got = readSync(this.fd, chunk, 0, chunk.length, this.filePosition);
      if (got === 0) throw new NaniteError('bad-gguf', 'the file ends inside its header');
      this.filePosition += got;
      this.buffer = Buffer.concat([this.buffer.subarray(this.at), chunk.subarray(0, got)]);
      this.at = 0;
    }
    this.at += bytes;
    return this.buffer.subarray(this.at - bytes, this.at);
  }

  u32 = (): number => this.take(4).readUInt32LE();
  u64 = (): number => Number(this.take(8).readBigUInt64LE());

  string(): string {
    const length = this.u64();
    if (length > longestString)
      throw new NaniteError('bad-gguf', `a string of ${length} bytes in the header`);
    return this.take(length).toString('utf8');
  }

  scalar(type: number): GgufValue {
    if (type === stringType) return this.string();
    const bytes = this.take(scalarSize[type] ?? this.unknown(type));
    if (type === 6) return bytes.readFloatLE();
    if (type === 12) return bytes.readDoubleLE();
    if (type === 7) return bytes[0] !== 0;
    if (type === 10) return bytes.readBigUInt64LE();
    if (type === 11) return bytes.readBigInt64LE();
    return type % 2 === 0 ? bytes.readUIntLE(0, bytes.length) : bytes.readIntLE(0, bytes.length);
  }

  /** Vocabularies are arrays of 100,000 strings and more: nothing is made of what nobody asks for. */
  skipArray(): void {
    const type = this.u32();
    const count = this.u64();
    const width = scalarSize[type];
    if (width !== undefined) this.skip(width * count);
    else if (type !== stringType && type !== arrayType) this.unknown(type);
    for (let i = 0; width === undefined && i < count; i++) {
      if (type === arrayType) this.skipArray();
      else this.skip(this.u64());
    }
  }

  private skip(bytes: number): void {
    const here = Math.min(bytes, this.buffer.length - this.at);
    this.at += here;
    this.filePosition += bytes - here;
  }

  private unknown(type: number): never {
    throw new NaniteError('bad-gguf', `unknown type ${type} in the header`);
  }
}

/**
 * Metadata of a GGUF file, arrays left out (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
 * @throws NaniteError `bad-gguf`
 */
export function readGgufMetadata(path: string): Map<string, GgufValue> {
  const fd = openSync(path, 'r');
  try {
    const reader = new Reader(fd);
    if (reader.take(4).toString('latin1') !== 'GGUF')
      throw new NaniteError('bad-gguf', `${path} is not a GGUF file`);
    const version = reader.u32();
    if (version !== 2 && version !== 3)
      throw new NaniteError('bad-gguf', `GGUF version ${version} is unknown`);
    reader.u64(); // tensors
    const count = reader.u64();
    const metadata = new Map<string, GgufValue>();
    for (let i = 0; i < count; i++) {
      const key = reader.string();
      const type = reader.u32();
      if (type === arrayType) reader.skipArray();
      else metadata.set(key, reader.scalar(type));
    }
    return metadata;
  } finally {
    closeSync(fd);
  }
}
