import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** packages/llama/cached-glslc: what it remembers is what glslc makes, and a fault is not remembered. */
const cachedGlslc = resolve(import.meta.dirname, '../../packages/llama/cached-glslc');
const shader = (body: string) =>
  `#version 450\nlayout(local_size_x = 1) in;\nlayout(binding = 0) buffer B { float x[]; };\nvoid main() { ${body} }\n`;

let folder: string;
let cache: string;
const at = (name: string) => join(folder, name);
const compile = (program: string, output: string, define: string, path = process.env['PATH']) =>
  spawnSync(
    program,
    [
      '-fshader-stage=compute',
      at('a.comp'),
      '-o',
      at(output),
      '-O',
      '-MD',
      '-MF',
      at(`${output}.d`),
      `-DBY=${define}`,
    ],
    { encoding: 'utf8', env: { PATH: path, NANITE_SHADER_CACHE: cache } },
  );
/** The commands that the script needs, and no glslc. */
function pathWithoutCompiler(): string {
  const bin = at('bin');
  mkdirSync(bin);
  for (const name of ['bash', 'env', 'sha256sum', 'cp', 'mv']) {
    spawnSync('ln', ['-s', spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim(), join(bin, name)]);
  }
  return bin;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-shaders-'));
  cache = at('cache');
  mkdirSync(cache);
  writeFileSync(at('a.comp'), shader('x[0] = x[0] * BY;'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a shader is compiled once, to the bytes of glslc', () => {
  expect(compile('glslc', 'plain.spv', '2.0').stderr).toBe('');
  expect(compile(cachedGlslc, 'first.spv', '2.0').stderr).toBe('');
  const path = pathWithoutCompiler();
  const bytes = readFileSync(at('first.spv'));
  const dependencies = readFileSync(at('first.spv.d'));
  rmSync(at('first.spv'));
  rmSync(at('first.spv.d'));
  expect(compile(cachedGlslc, 'first.spv', '2.0', path).status).toBe(0);
  expect(readFileSync(at('first.spv'))).toEqual(bytes);
  expect(readFileSync(at('first.spv.d'))).toEqual(dependencies);
  expect(bytes).toEqual(readFileSync(at('plain.spv')));
  // The control: what was not compiled before needs the compiler.
  expect(compile(cachedGlslc, 'first.spv', '3.0', path).status).not.toBe(0);
});

test('another definition is another shader', () => {
  compile(cachedGlslc, 'two.spv', '2.0');
  const two = readFileSync(at('two.spv'));
  compile(cachedGlslc, 'two.spv', '3.0');
  expect(readFileSync(at('two.spv'))).not.toEqual(two);
});

test('what does not compile is not remembered', () => {
  writeFileSync(at('a.comp'), shader('nonsense'));
  const { status, stderr } = compile(cachedGlslc, 'bad.spv', '2.0');
  expect(status).not.toBe(0);
  expect(stderr).toContain('nonsense');
  expect(readdirSync(cache)).toEqual([]);
});
