import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { freeVncDisplay, isReachable } from './displays';

const sockets = '0000: 00000002 00000000 00010000 0001 01 123 @/tmp/.X11-unix/X77\n';

it.each([
  [':77', true],
  [':77.0', true],
  ['unix:77', true],
  [':7', false],
  [':78', false],
  ['localhost:77', false],
  ['', false],
])('a display %j is reachable: %s', (display, reachable) => {
  expect(isReachable(display, sockets)).toBe(reachable);
});

it('takes a VNC display that nobody uses', async () => {
  const display = await freeVncDisplay();
  const other = createServer().listen(5900 + display, '127.0.0.1');
  await once(other, 'listening');
  expect(await freeVncDisplay()).toBeGreaterThan(display);
  other.close();
});
