import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Place } from '@nanite/contracts';
import { citationOf, openingOf } from './open';
import { editorWords, pageWords } from './viewers';

const page: Place = { kind: 'pages', from: 3, to: 4 };
const lines: Place = { kind: 'lines', from: 12, to: 14 };
const opened = (place: Place, wish: string | undefined, env: NodeJS.ProcessEnv = {}, terminal = false) =>
  openingOf({ path: Buffer.from('/d/a b.x'), place }, wish, env, terminal);

describe('where a program is told to begin', () => {
  it.each([
    ['vim', ['+12', '/d/x']],
    ['/usr/bin/nano', ['+12', '/d/x']],
    ['code', ['--goto', '/d/x:12']],
    ['mousepad', ['--line=12', '/d/x']],
    ['gedit', ['+12', '/d/x']],
    ['unknown-editor', ['+12', '/d/x']],
  ])('%s at a line', (program, words) =>
    expect(editorWords(program, { file: '/d/x', uri: 'file:///d/x', at: 12 })).toEqual(words),
  );

  it.each([
    ['evince', ['--page-index=3', '/d/x']],
    ['chromium', ['file:///d/x#page=3']],
    ['okular', ['--page', '3', '/d/x']],
    ['gimp', null],
  ])('%s at a page', (program, words) =>
    expect(pageWords(program, { file: '/d/x', uri: 'file:///d/x', at: 3 })).toEqual(words),
  );

  it('keeps a name with what String.replace takes for a pattern', () => {
    expect(editorWords('vim', { file: '/d/$&$1.txt', uri: '', at: 1 })).toEqual(['+1', '/d/$&$1.txt']);
  });
});

describe('what is opened', () => {
  const folder = mkdtempSync(join(tmpdir(), 'open-'));
  for (const name of ['a.pdf', 'b#page=2', 'c:7']) writeFileSync(join(folder, name), '');
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a.pdf', 'a.pdf', { kind: 'whole' }],
    ['a.pdf:3', 'a.pdf', { kind: 'lines', from: 3, to: 3 }],
    ['a.pdf#page=3', 'a.pdf', { kind: 'pages', from: 3, to: 3 }],
    ['a.pdf#L3-L4', 'a.pdf', { kind: 'lines', from: 3, to: 4 }],
    ['b#page=2', 'b#page=2', { kind: 'whole' }],
    ['c:7', 'c:7', { kind: 'whole' }],
  ])('%s', (said, name, place) =>
    expect(citationOf(join(folder, said))).toEqual({ path: Buffer.from(join(folder, name)), place }),
  );

  it('is a file that is there', () => {
    expect(() => citationOf(join(folder, 'gone.pdf#page=3'))).toThrow('gone.pdf no longer exists');
    expect(() => citationOf('https://example.org/a.pdf')).toThrow('is not a citation');
  });
});

describe('which program', () => {
  it('is the one that is wished for', () => {
    expect(opened(lines, 'code')).toMatchObject({ program: 'code', words: ['--goto', '/d/a b.x:12'] });
    expect(opened(page, 'zathura')).toMatchObject({ program: 'zathura', words: ['--page=3', '/d/a b.x'] });
  });

  it('is told about in words where it cannot be told the place', () => {
    expect(opened(page, 'gimp')).toMatchObject({ program: 'gimp', tell: 'it is on pages 3 to 4' });
  });

  it('is the editor of the environment, with its options', () => {
    expect(opened(lines, undefined, { EDITOR: 'vim -R', PATH: '' }, true)).toMatchObject({
      program: 'vim',
      words: ['-R', '+12', '/d/a b.x'],
      waits: true,
    });
  });

  it('is null where there is none', () => expect(opened(page, undefined, { PATH: '' })).toBeNull());
});
