import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from './results';
import { begin, clientsTable, end, withTable } from './table';

const result = { client: 'b', version: '1.2', detail: '', date: '2026-11-30' };
const report = {
  date: '2026-11-30',
  results: [
    { ...result, feature: 'chat', ok: true },
    { ...result, feature: 'a|b', ok: false },
    { ...result, client: 'a', feature: 'stream', ok: true },
  ],
};

describe('clientsTable', () => {
  it('has a row a client, in order, with what worked', () => {
    const rows = clientsTable(report, []).split('\n').slice(2);
    expect(rows).toEqual([
      '| a | 1.2 | 1 of 1 | stream | 2026-11-30 |',
      '| b | 1.2 | 1 of 2 | chat | 2026-11-30 |',
    ]);
  });

  it('tells exceptions with what the original does', () => {
    const table = clientsTable(report, [
      { client: 'b', feature: 'a|b', reason: 'why', original: 'the same' },
    ]);
    expect(table).toContain('| b | a\\|b | why | the same |');
  });
});

describe('withTable', () => {
  it('replaces what lies between the markers', () => {
    const page = `before\n${begin}\nold\n${end}\nafter`;
    expect(withTable(page, 'new')).toBe(`before\n${begin}\n\nnew\n\n${end}\nafter`);
  });

  it('says what a page without them lacks', () => {
    expect(() => withTable('', 'new')).toThrow('has no lines');
  });

  it('finds them in docs/api.md', () => {
    expect(withTable(readFileSync(join(checkout, 'docs/api.md'), 'utf8'), 'x')).toContain('\n\nx\n\n');
  });
});
