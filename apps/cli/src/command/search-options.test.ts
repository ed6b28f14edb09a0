import { FileType } from '@nanite/contracts';
import { describe, expect, it } from 'vitest';
import { day, fileType, fileTypes } from './search-options';

describe('types of files', () => {
  it('are those that the service knows', () =>
    expect([...fileTypes].sort()).toEqual([...FileType.options].sort()));
  it.each([
    ['pdf', 'pdf', null],
    ['md', 'markdown', null],
    ['.DOC', 'docx', null],
    ['py', 'code', 'py'],
  ])('%s', (text, type, ending) => expect(fileType(text, [])).toEqual([{ type, ending }]));
  it('are named where there is no such', () =>
    expect(() => fileType('zzz', [])).toThrow(/markdown.*md or py/));
});

describe('days', () => {
  const now = new Date(2026, 10, 1, 15);
  it.each([
    ['2026-10-01', '2026-10-01'],
    ['2026-10', '2026-10-01'],
    ['2026', '2026-01-01'],
    ['today', '2026-11-01'],
    ['Yesterday', '2026-10-31'],
    ['7d', '2026-10-25'],
    ['2w', '2026-10-18'],
    ['2026-10-01T12:00:00Z', '2026-10-01T12:00:00.000Z'],
  ])('%s', (text, date) => expect(day(text, now)).toBe(date));
  it.each(['', 'soon', '2026-02-31', '2026-13-01', '1.10.2026'])('not %j', (text) =>
    expect(() => day(text, now)).toThrow(/2026-10-01, yesterday/),
  );
});
