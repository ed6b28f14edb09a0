import { describe, expect, it } from 'vitest';
import { EventLines } from './event-lines';

describe('EventLines', () => {
  it('gives each event once it is whole', () => {
    const lines = new EventLines();
    expect(lines.add('data: {"a"')).toEqual([]);
    expect(lines.add(':1}\n\nda')).toEqual(['{"a":1}']);
    expect(lines.add('ta: 2\r\n: a comment\nevent: x\n\ndata: [DONE]\n')).toEqual(['2', '[DONE]']);
  });
});
