import { expect, it } from 'vitest';
import { sanitise } from './sanitise';

it('leaves text alone', () => {
  expect(sanitise('a\tb\nc é 日本 🦀')).toBe('a\tb\nc é 日本 🦀');
});

it.each([
  ['the clipboard', '\u001b]52;c;ZXZpbA==\u0007'],
  ['the title', '\u001b]0;root@server\u0007'],
  ['what stands on the screen', '\r\u001b[2K\u001b[1A'],
  ['the same in eight-bit form', '\u009b2J'],
])('takes away what changes %s', (_what, text) => {
  expect(sanitise(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});
