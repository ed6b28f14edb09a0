import { isUtf8 } from 'node:buffer';
import { detect } from 'chardet';
import iconv from 'iconv-lite';

export interface DecodedText {
  text: string;
  encoding: string;
  /** Byte of the file at which the character at `index` (UTF-16 units) begins; null where that cannot be told. */
  byteAt: ((index: number) => number) | null;
}

/** Bytes that are looked at to tell an encoding. */
const sampled = 65_536;

/**
 * Text of a file in whatever encoding it is: by its byte-order mark, UTF-8 where it is valid, else by what chardet finds
 * likely, and Windows-1252 (of which Latin-1 is a part) where it finds nothing.
 *
 * @param declared what the file itself says, believed only where it is not UTF-8
 */
export function decodeText(bytes: Buffer, declared: string | null = null): DecodedText {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf && isUtf8(bytes)) return utf8(bytes, 3);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16(bytes, 'utf-16le', 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return utf16(bytes, 'utf-16be', 2);
  const wide = utf16WithoutMark(bytes);
  if (wide) return utf16(bytes, wide, 0);
  if (isUtf8(bytes)) return utf8(bytes, 0);
  const found = declared && iconv.encodingExists(declared) ? declared : detect(bytes.subarray(0, sampled));
  // A file that is UTF-8 but for one broken byte is found to be UTF-8, and is then read as the one-byte encoding it may be.
  const encoding =
    found && !/^utf-?(?:8|16|32)/i.test(found) && iconv.encodingExists(found) ? found : 'windows-1252';
  const text = iconv.decode(bytes, encoding);
  if (text.length === bytes.length) return { text, encoding, byteAt: (index) => index };
  const exact = iconv.encode(text, encoding).equals(bytes);
  return {
    text,
    encoding,
    byteAt: exact ? walking(text, (part) => iconv.encode(part, encoding).length) : null,
  };
}

/** @param start length of the byte-order mark */
function utf8(bytes: Buffer, start: number): DecodedText {
  const text = bytes.toString('utf8', start);
  if (text.length === bytes.length - start)
    return { text, encoding: 'utf-8', byteAt: (index) => start + index };
  const at = walking(text, (part) => Buffer.byteLength(part));
  return { text, encoding: 'utf-8', byteAt: (index) => start + at(index) };
}

function utf16(bytes: Buffer, encoding: 'utf-16le' | 'utf-16be', start: number): DecodedText {
  const text = iconv.decode(bytes.subarray(start), encoding, { stripBOM: false });
  return { text, encoding, byteAt: (index) => start + 2 * index };
}

/** UTF-16 of a European language has a zero in every other byte; no 8-bit text has any. */
function utf16WithoutMark(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  const length = Math.min(bytes.length, 4096) & ~1;
  if (length < 4 || bytes.length % 2 !== 0) return null;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < length; at += 2) {
    if (bytes[at] === 0) even++;
    if (bytes[at + 1] === 0) odd++;
  }
  if (odd > length * 0.35 && even === 0) return 'utf-16le';
  return even > length * 0.35 && odd === 0 ? 'utf-16be' : null;
}

/** Sums lengths from the place asked for last: blocks are asked for in order, so that the whole is walked once. */
function walking(text: string, lengthOf: (part: string) => number): (index: number) => number {
  let index = 0;
  let byte = 0;
  return (wanted) => {
    if (wanted < index) {
      const back = lengthOf(text.slice(wanted, index));
      byte -= back;
    } else {
      byte += lengthOf(text.slice(index, wanted));
    }
    index = wanted;
    return byte;
  };
}
