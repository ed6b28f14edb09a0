import { describe, expect, it } from 'vitest';
import { isReached, targetTable } from './targets';

describe('targets', () => {
  it('holds a limit in its direction', () => {
    const limit = { what: 'x', limit: 2, unit: 'ms' } as const;
    expect(isReached({ ...limit, must: '<=', measured: 2 })).toBe(true);
    expect(isReached({ ...limit, must: '<=', measured: 2.1 })).toBe(false);
    expect(isReached({ ...limit, must: '>=', measured: 1.9 })).toBe(false);
  });
  it('never reaches one with what is not a number', () => {
    expect(isReached({ what: 'x', must: '<=', limit: 2, unit: '', measured: Number.NaN })).toBe(false);
  });
  it('says which one is missed', () => {
    expect(targetTable([{ what: 'p99', must: '<=', limit: 2, unit: 'ms', measured: 3 }])).toContain('**no**');
  });
});
