import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NaniteError, describeError } from './errors';
import { schemaErrorText } from './schema-issues';
import { systemErrorText } from './system-error';

const folder = mkdtempSync(`${tmpdir()}/nanite-words-`);
afterAll(() => rmSync(folder, { recursive: true }));

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('errors of the system', () => {
  it.each([
    [() => readFileSync(`${folder}/gone`), 'there is no such file or folder'],
    [() => readFileSync(folder), 'it is a folder'],
    [() => readFileSync('/etc/hostname/x'), 'part of its path is a file, not a folder'],
    [() => mkdirSync(folder), 'it already exists'],
    [() => readFileSync(`${folder}/${'x'.repeat(300)}`), 'the name is too long'],
  ])('%s: %s', (action, text) => expect(systemErrorText(thrownBy(action))).toBe(text));

  it('name a host that nobody has', async () => {
    const error: unknown = await lookup('nobody.invalid').catch((caught: unknown) => caught);
    expect(systemErrorText(error)).toMatch(/nobody\.invalid|is there a network/);
  });

  it('are none where the code is one of ours', () => {
    expect(systemErrorText(new NaniteError('usage', 'x'))).toBeNull();
    expect(systemErrorText(new Error('x'))).toBeNull();
  });

  it('are told in words behind what was being done, once', () => {
    const cause = thrownBy(() => readFileSync(`${folder}/gone`));
    expect(describeError(new NaniteError('bad-file', 'cannot read x', { cause }))).toBe(
      'cannot read x: there is no such file or folder',
    );
    expect(describeError(new Error('no room', { cause: new Error('no room') }))).toBe('no room');
  });
});

describe('what a schema objects to', () => {
  const schema = z.strictObject({
    name: z.string(),
    limit: z.number().int().min(1).max(200).default(10),
    kind: z.enum(['a', 'b']).default('a'),
    after: z.iso.datetime().or(z.iso.date()).optional(),
    list: z.array(z.string().min(2)).default([]),
  });
  it.each([
    [{}, 'name is missing'],
    [{ name: 1 }, 'name must be text'],
    [{ name: '', limit: 0 }, 'limit must be at least 1'],
    [{ name: '', kind: 'c' }, 'kind must be one of a, b'],
    [
      { name: '', after: 'yesterday' },
      'after must be a date and time such as 2026-10-01T12:00:00Z or a date such as 2026-10-01',
    ],
    [{ name: '', list: ['x'] }, 'list[0] must have at least 2 characters'],
    [{ name: '', nmae: 1 }, 'the request has nothing called nmae'],
    [7, 'the request must be an object'],
  ])('%j: %s', (value, text) => expect(schemaErrorText(thrownBy(() => schema.parse(value)))).toBe(text));
});
