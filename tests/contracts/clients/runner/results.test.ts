import { describe, expect, it } from 'vitest';
import { readResults } from './results';

const plan = '{"client":"a","version":"1","plan":["one","two"]}\n';
const result = (feature: string, ok: boolean): string =>
  `${JSON.stringify({ client: 'a', version: '1', feature, ok, detail: '' })}\n`;

describe('readResults', () => {
  it('gives a result for each announced feature', () => {
    expect(readResults(plan + result('one', true) + result('two', false), '')).toMatchObject([
      { feature: 'one', ok: true },
      { feature: 'two', ok: false },
    ]);
  });

  it('counts as failed what the program announced and never came to', () => {
    expect(readResults(plan + result('one', true), 'exit code 139')).toMatchObject([
      { feature: 'one', ok: true },
      { feature: 'two', ok: false, detail: 'the program ended before: exit code 139' },
    ]);
  });

  it('passes over what a client prints itself', () => {
    expect(
      readResults(`hello\n${plan}{"a":1}\n${result('one', true)}${result('two', true)}`, ''),
    ).toHaveLength(2);
  });
});
