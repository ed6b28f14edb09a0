import { expect, it } from 'vitest';
import { hostAllowed, originAllowed } from './hosts';

it.each([
  'localhost',
  'localhost:11434',
  'LOCALHOST.',
  '127.0.0.1:11434',
  '127.1.2.3',
  '[::1]',
  '[::1]:11434',
  'a.localhost',
])('lets %s in', (host) => expect(hostAllowed(host, [])).toBe(true));

it.each([
  'evil.example',
  'evil.example:11434',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '192.168.0.7',
  '[2001:db8::1]:11434',
  'localhost@evil.example',
  '',
])('keeps %j out', (host) => expect(hostAllowed(host, [])).toBe(false));

it('lets configured names in', () => {
  expect(hostAllowed('Nas.Home:11434', ['nas.home'])).toBe(true);
  expect(hostAllowed('nas.home.evil.example', ['nas.home'])).toBe(false);
});

it.each([
  undefined,
  'http://localhost:3000',
  'https://127.0.0.1',
  'http://[::1]:8080',
  'app://obsidian.md',
  'file://',
  'tauri://localhost',
  'vscode-webview://abc',
])('lets pages of %s ask', (origin) => expect(originAllowed(origin, [])).toBe(true));

it.each(['https://evil.example', 'http://localhost.evil.example', 'null', 'chrome-extension://abc', 'x', ''])(
  'keeps pages of %j out',
  (origin) => expect(originAllowed(origin, [])).toBe(false),
);

it('lets configured origins in, where * ends at a slash', () => {
  expect(originAllowed('https://chat.example', ['https://*.example', 'https://chat.example'])).toBe(true);
  expect(originAllowed('chrome-extension://abc', ['chrome-extension://*'])).toBe(true);
  expect(originAllowed('https://evil.example.net', ['https://*.example'])).toBe(false);
});
