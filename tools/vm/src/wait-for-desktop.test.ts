import { beforeEach, expect, it, vi } from 'vitest';
import { readText } from './read-text';
import type { Screenshot } from './screen';
import { waitForDesktop } from './wait-for-desktop';

vi.mock('./read-text', () => ({ readText: vi.fn() }));
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const blank: Screenshot = { width: 100, height: 100, pixels: Buffer.alloc(30_000) };
const drawn = (shade: number): Screenshot => {
  const pixels = Buffer.alloc(30_000);
  pixels.fill(shade, 0, 15_000);
  return { ...blank, pixels };
};

/** A machine that shows these, a second each, and the last one for ever. */
function showing(...screens: Screenshot[]): { screenshot(): Promise<Screenshot>; age: number } {
  let second = -1;
  return {
    get age() {
      second++;
      return second * 1000;
    },
    screenshot: () => Promise.resolve(screens[Math.min(second, screens.length - 1)] ?? blank),
  };
}

const text = vi.mocked(readText);
beforeEach(() => text.mockReset());

it('is the first picture of those that stayed', async () => {
  text.mockResolvedValue('Applications\nTrash');
  const frame = await waitForDesktop(showing(blank, drawn(50), drawn(100), drawn(200)), { timeout: 60_000 });
  expect(frame.at).toBe(3000);
});

it('is not what stands still without being one', async () => {
  const messages = drawn(50);
  const desktop = drawn(200);
  text.mockImplementation((screen) =>
    Promise.resolve(screen === messages ? 'Starting' : 'Applications File System'),
  );
  const screens = [...Array<Screenshot>(30).fill(messages), desktop];
  expect((await waitForDesktop(showing(...screens), { timeout: 90_000 })).at).toBe(30_000);
});

it('is not a panel alone', async () => {
  text.mockResolvedValue('Applications');
  await expect(waitForDesktop(showing(drawn(50)), { timeout: 60_000 })).rejects.toMatchObject({
    code: 'no-desktop',
    options: { hint: 'the screen shows: Applications' },
  });
});

it('is never a blank screen, whatever is read into it', async () => {
  text.mockResolvedValue('Applications Home');
  await expect(waitForDesktop(showing(blank), { timeout: 60_000 })).rejects.toMatchObject({
    code: 'no-desktop',
  });
});
