import { expect, it } from 'vitest';
import type { Screenshot } from './screen';
import { Stillness } from './stillness';

/** A screen of 10,000 pixels, that many of them white. */
function screen(white: number): Screenshot {
  const pixels = Buffer.alloc(30_000);
  pixels.fill(255, 0, white * 3);
  return { width: 100, height: 100, pixels };
}

it('begins where the picture begins that stays', () => {
  const stillness = new Stillness();
  stillness.add({ at: 0, screen: screen(0) });
  stillness.add({ at: 1000, screen: screen(500) });
  expect(stillness.add({ at: 2000, screen: screen(500) }).at).toBe(1000);
  expect(stillness.add({ at: 9000, screen: screen(500) }).at).toBe(1000);
  expect(stillness.lasted).toBe(8000);
});

it('is not disturbed by a clock', () => {
  const stillness = new Stillness();
  stillness.add({ at: 0, screen: screen(500) });
  expect(stillness.add({ at: 60_000, screen: screen(504) }).at).toBe(0);
});

it('is ended by a change that goes on slowly', () => {
  const stillness = new Stillness();
  for (let step = 0; step < 10; step++) stillness.add({ at: step * 1000, screen: screen(step * 3) });
  expect(stillness.lasted).toBeLessThan(3000);
});
