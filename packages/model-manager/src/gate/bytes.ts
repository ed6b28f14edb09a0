import { readSync } from 'node:fs';
import { limits } from './limits';
import { refuse } from './refusal';

/** A file as the gate sees it: its size, and bytes at a place. */
export interface ByteSource {
  readonly size: number;
  /** Bytes from `at`, `length` of them or as many as there are. */
  read(at: number, length: number): Uint8Array;
}

export function bufferSource(bytes: Uint8Array, size: number = bytes.byteLength): ByteSource {
  return { size, read: (at, length) => bytes.subarray(at, Math.min(bytes.byteLength, at + length)) };
}

/** @param fd open for reading; its position is not used */
export function fileSource(fd: number, size: number): ByteSource {
  return {
    size,
    read(at, length) {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - at)));
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(fd, bytes, done, bytes.length - done, at + done);
        if (count === 0) break;
        done += count;
      }
      return bytes.subarray(0, done);
    },
  };
}

const windowBytes = 256 * 1024;

/**
 * Reads little-endian values one after another through a window; every read is checked against `end` first.
 *
 * @throws Refusal `truncated` for what lies behind `end`
 */
export class Cursor {
  private window: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private windowAt = 0;

  constructor(
    private readonly source: ByteSource,
    public at = 0,
    readonly end: number = source.size,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  /** Move on over `length` bytes that need not be looked at. */
  skip(length: number): void {
    if (!(length >= 0 && length <= this.left)) this.tooShort(length);
    this.at += length;
  }

  u8(): number {
    const at = this.take(1);
    return this.view.getUint8(at);
  }

  u16(): number {
    const at = this.take(2);
    return this.view.getUint16(at, true);
  }

  u32(): number {
    const at = this.take(4);
    return this.view.getUint32(at, true);
  }

  i32(): number {
    const at = this.take(4);
    return this.view.getInt32(at, true);
  }

  f32(): number {
    const at = this.take(4);
    return this.view.getFloat32(at, true);
  }

  f64(): number {
    const at = this.take(8);
    return this.view.getFloat64(at, true);
  }

  u64(): bigint {
    const at = this.take(8);
    return this.view.getBigUint64(at, true);
  }

  i64(): bigint {
    const at = this.take(8);
    return this.view.getBigInt64(at, true);
  }

  /**
   * A count or length in 64 bits that must not exceed `most`.
   *
   * @throws Refusal `limit`
   */
  count(most: number, what: string): number {
    const offset = this.take(8);
    const high = this.view.getUint32(offset + 4, true);
    const low = this.view.getUint32(offset, true);
    if (high !== 0 || low > most) {
      refuse(
        'limit',
        `${what}: ${BigInt(high) * 2n ** 32n + BigInt(low)}, more than the ${most} that any model has`,
      );
    }
    return low;
  }

  /** Bytes that stay valid until the next read. */
  bytes(length: number): Uint8Array {
    const offset = this.take(length);
    return this.window.subarray(offset, offset + length);
  }

  /** Place of `length` bytes in the window, which may be another one afterwards: look at `view` after this, not before. */
  private take(length: number): number {
    if (!(length >= 0 && length <= this.left)) this.tooShort(length);
    let offset = this.at - this.windowAt;
    if (offset < 0 || offset + length > this.window.byteLength) {
      this.window = this.source.read(this.at, Math.min(this.left, Math.max(length, windowBytes)));
      this.view = new DataView(this.window.buffer, this.window.byteOffset, this.window.byteLength);
      this.windowAt = this.at;
      offset = 0;
      // The file shrank, or only its start is here.
      if (this.window.byteLength < length) this.tooShort(length);
    }
    this.at += length;
    return offset;
  }

  private tooShort(length: number): never {
    refuse(
      'truncated',
      `the file ends at byte ${this.end}, and ${length} bytes are announced at ${this.at}`,
      'the download was cut off or the file is damaged: get it again',
    );
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws Refusal `string` for what is not UTF-8 or holds a zero byte, at which C programs end a string */
export function utf8(bytes: Uint8Array, what: string): string {
  if (bytes.byteLength > limits.stringBytes) refuse('limit', `${what} is ${bytes.byteLength} bytes long`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    refuse('string', `${what} is not UTF-8 text`);
  }
  if (text.includes('\0')) refuse('string', `${what} holds a zero byte`);
  return text;
}

/** @throws Refusal `string` for what is not printable ASCII */
export function ascii(bytes: Uint8Array, what: string): string {
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) refuse('string', `${what} has a byte that is not printable ASCII`);
  }
  return String.fromCharCode(...bytes);
}
