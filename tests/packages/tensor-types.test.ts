import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { tensorTypes, unusableTypes } from '@nanite/gguf';

/**
 * The gate's table of tensor types against the library that is shipped, which is asked itself: a newer llama.cpp with one
 * more type, or with another layout of one, is noticed here and not by a model that is refused or let through.
 */
const checkout = resolve(import.meta.dirname, '../..');
const library = resolve(checkout, 'packages/llama/dist/lib/libggml-base.so.0');

interface ShippedType {
  id: number;
  name: string;
  block: number;
  bytes: number;
  /** Whether a row of it can be turned into numbers: llama.cpp calls that function without looking. */
  readable: boolean;
}

/**
 * What the library says of each number, in a process of its own: ggml does not look whether a type is one of its own, so
 * behind its last it reads what happens to lie there, and may end.
 */
const program = `
  const koffi = require('koffi');
  const ggml = koffi.load(process.argv[1]);
  const name = ggml.func('const char *ggml_type_name(int type)');
  const block = ggml.func('int64_t ggml_blck_size(int type)');
  const bytes = ggml.func('size_t ggml_type_size(int type)');
  const traits = ggml.func('void *ggml_get_type_traits(int type)');
  // struct ggml_type_traits of ggml.h, as far as is needed.
  const Traits = koffi.struct({ name: 'char *', block: 'int64_t', interleaved: 'int64_t', bytes: 'size_t', quantised: 'bool', toFloat: 'void *' });
  for (let id = 0; id < 64; id++) {
    const numbers = { id, block: Number(block(id)), bytes: Number(bytes(id)) };
    if (numbers.block < 0 || numbers.block > 4096 || numbers.bytes < 0 || numbers.bytes > 65536) break;
    const named = { ...numbers, name: name(id), readable: koffi.decode(traits(id), Traits).toFloat !== null };
    if (!/^[ -~]+$/.test(named.name ?? '')) break;
    require('fs').writeSync(1, JSON.stringify(named) + '\\n');
  }`;

let shipped: ShippedType[];

beforeAll(() => {
  expect(existsSync(library), 'nanite-llama is built before the system tests').toBe(true);
  const { stdout } = spawnSync(process.execPath, ['-e', program, library], {
    cwd: checkout,
    encoding: 'utf8',
  });
  shipped = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ShippedType);
});

test('the gate knows every type of the library, and no more', () => {
  expect(shipped.length).toBeGreaterThan(30);
  expect(shipped.map(({ id }) => id)).toEqual(
    [...tensorTypes.keys(), ...unusableTypes.keys()].sort((a, b) => a - b),
  );
});

test('each type that a file may hold has the layout and the name that the library gives it', () => {
  const usable = shipped.filter(({ id }) => tensorTypes.has(id));
  expect(
    usable.map(({ id, name, block, bytes }) => [id, { name: name.toUpperCase(), block, bytes }]),
  ).toEqual([...tensorTypes]);
});

test('what no file may hold is what the library has dropped, or cannot turn into numbers', () => {
  // Numbers as they are need no turning; 32 bits are what is turned into.
  const plain = ['f32', 'i8', 'i16', 'i32', 'i64', 'f64'];
  const unusable = shipped.filter(
    ({ name, block, readable }) => block === 0 || (!readable && !plain.includes(name)),
  );
  expect(unusable.map(({ id }) => id)).toEqual([...unusableTypes.keys()]);
});
