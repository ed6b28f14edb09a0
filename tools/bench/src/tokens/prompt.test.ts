import { describe, expect, it } from 'vitest';
import { promptOf } from './prompt';

describe('promptOf', () => {
  it('has the length asked for, is the same each time, and differs by its seed', () => {
    expect(promptOf(400, 1).split(' ')).toHaveLength(400);
    expect(promptOf(400, 1)).toBe(promptOf(400, 1));
    expect(promptOf(8, 1)).not.toBe(promptOf(8, 2));
    expect(new Set(promptOf(400, 3).split(' ')).size).toBe(16);
  });
});
