import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDeb822, readControl, relationNames } from './control';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'control-'));
  mkdirSync(join(folder, 'debian'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('joins folded lines and leaves comments out', () => {
  expect(parseDeb822('# a note\nPackage: a\nDepends: b,\n c (>= 1)\n\n\nPackage: d\n')).toEqual([
    { package: 'a', depends: 'b,\nc (>= 1)' },
    { package: 'd' },
  ]);
});

test('takes names out of versions, alternatives, architectures and substitutions', () => {
  expect(relationNames('a (>= 1), b:any | c [amd64] <!nocheck>, ${misc:Depends},\nd')).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
});

test('reads the source and its binary packages', () => {
  writeFileSync(
    join(folder, 'debian/control'),
    'Source: nanite-x\n\nPackage: nanite-x\nArchitecture: all\nPre-Depends: p\nDepends: nanite-y, ${misc:Depends}\nRecommends: z\n',
  );
  expect(readControl(folder)).toEqual({
    source: 'nanite-x',
    binaries: [{ name: 'nanite-x', architecture: 'all', depends: ['p', 'nanite-y'], recommends: ['z'] }],
  });
});

test('names the file that is missing or has no source', () => {
  expect(() => readControl(folder)).toThrow(/debian\/control does not exist/);
  writeFileSync(join(folder, 'debian/control'), 'Package: x\n');
  expect(() => readControl(folder)).toThrow(/no Source field/);
});
