import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundledFolders, debianCopyright, readModule } from './copyright';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'module-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function module(manifest: object, licence?: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'm', version: '1.0.0', ...manifest }));
  if (licence !== undefined) writeFileSync(join(folder, 'LICENSE'), licence);
  return folder;
}

test('finds the packages that have code in the bundle, scoped and nested ones too', () => {
  const inputs = {
    '../../node_modules/@scope/a/index.js': { bytesInOutput: 1 },
    '../../node_modules/b/node_modules/c/x.js': { bytesInOutput: 1 },
    '../../node_modules/unused/x.js': { bytesInOutput: 0 },
    'src/main.ts': { bytesInOutput: 9 },
  };
  expect(bundledFolders({ outputs: { 'dist/main.mjs': { inputs } } })).toEqual([
    '../../node_modules/@scope/a',
    '../../node_modules/b/node_modules/c',
  ]);
});

test('takes the copyright lines from the licence file, not its placeholders', () => {
  const read = readModule(
    module(
      { license: 'MIT' },
      'MIT License\n\nCopyright (c) 2020 Ada\nCopyright [yyyy] [name]\n\nPermission…',
    ),
  );
  expect(read.copyright).toEqual(['2020 Ada']);
});

test('chooses an allowed one where a module offers several', () => {
  expect(readModule(module({ license: '(GPL-3.0 OR MIT)' }, 'text')).licence).toBe('MIT');
});

test('reads the list that manifests had before 2014', () => {
  const licenses = [{ type: 'GPL-2.0' }, { type: 'MIT', url: 'https://example.org' }];
  expect(readModule(module({ licenses }, 'text')).licence).toBe('MIT');
  expect(() => readModule(module({ licenses: [{ type: 'GPL-2.0' }] }))).toThrow('GPL-2.0');
});

test('takes several licences at once only where all are allowed, and carries the text of each', () => {
  const mit = readModule(module({ license: 'MIT' }, 'Permission is granted…'));
  const both = readModule(module({ license: '(MIT AND Zlib)' }, 'Copyright 2020 Ada'));
  expect(both.licence).toBe('MIT and Zlib');
  const text = debianCopyright('x', [mit, both]);
  expect(text).toMatch(/^License: MIT\n Permission/m);
  expect(text).toMatch(/^License: Zlib\n This software/m);
  expect(() => debianCopyright('x', [both])).toThrow('the text of MIT');
  expect(() => readModule(module({ license: 'MIT AND GPL-3.0' }))).toThrow('GPL-3.0');
});

test.each(['GPL-3.0', 'SEE LICENSE IN x', undefined])('refuses %s and names the module', (license) => {
  expect(() => readModule(module({ license }))).toThrow(/^m 1\.0\.0 has the licence/);
});

test('writes each licence once and each module with its owner', () => {
  const mit = {
    version: '1.0.0',
    licence: 'MIT',
    copyright: ['2020 Ada'],
    text: 'Copyright (c) 2020 Ada\n\nPermission is granted.',
  };
  const text = debianCopyright('nanite-x', [
    { name: 'a', ...mit },
    { name: 'b', ...mit },
  ]);
  expect(text.match(/^License: MIT\n Permission is granted\.$/gm)).toHaveLength(1);
  expect(text).toContain('Files: dist/node_modules/b/*\nCopyright: 2020 Ada\nLicense: MIT\n');
});

test('a licence whose text no module carries stops the build', () => {
  const silent = { name: 'a', version: '1', licence: 'ISC', copyright: ['x'], text: null };
  expect(() => debianCopyright('nanite-x', [silent])).toThrow(/text of ISC/);
});
