import { describe, expect, it } from 'vitest';
import { generationSpeed, promptSpeed } from './speed';

const answer = { promptTokens: 500, tokens: 101, sentAt: 9.5, firstTokenAt: 10, lastTokenAt: 11 };

describe('generationSpeed', () => {
  it('does not count the token that started the clock', () => {
    expect(generationSpeed([answer])).toBe(100);
  });
  it('adds clients up over the time that they took together', () => {
    expect(generationSpeed([answer, { ...answer, firstTokenAt: 10.5, lastTokenAt: 12 }])).toBe(100);
  });
  it('refuses a single token', () => {
    expect(() => generationSpeed([{ ...answer, tokens: 1, lastTokenAt: 10 }])).toThrow(RangeError);
  });
});

describe('promptSpeed', () => {
  it('counts to the first token', () => {
    expect(promptSpeed(answer)).toBe(1000);
  });
});
