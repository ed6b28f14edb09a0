import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeAtomically } from './atomic-file';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'nanite-atomic-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('makes a file with the mode asked for, whatever the umask', () => {
  const before = process.umask(0o077);
  try {
    writeAtomically(join(folder, 'a'), 'grün\n', 0o644);
  } finally {
    process.umask(before);
  }
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('grün\n');
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o644);
});

it('keeps the mode of a file that exists', () => {
  writeFileSync(join(folder, 'a'), 'old');
  chmodSync(join(folder, 'a'), 0o640);
  writeAtomically(join(folder, 'a'), 'new', 0o600);
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
});

it('leaves nothing behind where it fails', () => {
  mkdirSync(join(folder, 'a'));
  expect(() => writeAtomically(join(folder, 'a'), 'x', 0o600)).toThrow();
  expect(readdirSync(folder)).toEqual(['a']);
});
