import type { Cursor } from './bytes';
import { limits } from './limits';
import { refuse } from './refusal';

/** One field of a protobuf message: its number and its value, or where its bytes lie. */
export type Field =
  | { number: number; kind: 'number'; value: bigint }
  | { number: number; kind: 'bytes'; at: number; end: number };

/** Fields that may still be read, of all messages together. */
export interface Budget {
  fields: number;
}

export const budget = (): Budget => ({ fields: limits.protobufFields });

/**
 * Fields of the message between `cursor.at` and `end`, one after another; the bytes of a field are not read.
 *
 * Wire format: protobuf.dev/programming-guides/encoding. Groups (deprecated since 2008, unused by ONNX) are refused.
 * @throws Refusal
 */
export function* fields(cursor: Cursor, end: number, left: Budget): Generator<Field> {
  while (cursor.at < end) {
    if (left.fields-- <= 0) refuse('limit', 'the file holds more fields than any model');
    const tag = varint(cursor, end);
    const number = Number(tag >> 3n);
    if (number < 1 || number > 536_870_911) refuse('protobuf', `there is no field ${number}`);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, kind: 'number', value: varint(cursor, end) };
        break;
      case 1:
        within(cursor, end, 8);
        yield { number, kind: 'number', value: cursor.u64() };
        break;
      case 5:
        within(cursor, end, 4);
        yield { number, kind: 'number', value: BigInt(cursor.u32()) };
        break;
      case 2: {
        const length = varint(cursor, end);
        if (length > BigInt(end - cursor.at)) {
          refuse(
            'truncated',
            `a field says that it is ${length} bytes long, and ${end - cursor.at} are left`,
            'the download was cut off or the file is damaged: get it again',
          );
        }
        const at = cursor.at;
        yield { number, kind: 'bytes', at, end: at + Number(length) };
        cursor.at = at + Number(length);
        break;
      }
      default:
        refuse(
          'protobuf',
          'this is not an ONNX model: its structure breaks off',
          'get it again from its publisher',
        );
    }
  }
}

function within(cursor: Cursor, end: number, length: number): void {
  if (end - cursor.at < length) refuse('truncated', 'a field is longer than what holds it');
}

/** Up to 64 bits in up to ten bytes. */
export function varint(cursor: Cursor, end: number): bigint {
  let low = 0;
  for (let at = 0; at < 4; at++) {
    within(cursor, end, 1);
    const byte = cursor.u8();
    low |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) return BigInt(low);
  }
  let value = BigInt(low);
  for (let at = 4; at < 10; at++) {
    within(cursor, end, 1);
    const byte = cursor.u8();
    value |= BigInt(byte & 0x7f) << BigInt(7 * at);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  refuse('protobuf', 'a number is longer than 64 bits');
}
