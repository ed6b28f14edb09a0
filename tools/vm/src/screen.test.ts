import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { decodeScreenshot, difference, isBlank, screenContent, type Screenshot } from './screen';

type Colour = [number, number, number];

function picture(width: number, height: number, colour: (x: number, y: number) => Colour): Screenshot {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) png.data.set([...colour(x, y), 255], (y * width + x) * 4);
  }
  return decodeScreenshot(PNG.sync.write(png));
}

const black: Colour = [0, 0, 0];
const grey: Colour = [170, 170, 170];
const blank = picture(640, 400, () => black);

describe('a blank screen', () => {
  it('is of one colour', () => expect(isBlank(blank)).toBe(true));

  it('is blank with a cursor on it, too', () => {
    expect(isBlank(picture(640, 400, (x, y) => (x < 9 && y > 380 && y < 384 ? grey : black)))).toBe(true);
  });

  it('is not blank with a line of text', () => {
    const text = picture(640, 400, (x, y) =>
      y > 10 && y < 24 && x < 320 && (x * y) % 3 === 0 ? grey : black,
    );
    expect(isBlank(text)).toBe(false);
  });

  it('is not blank as a desktop', () => {
    const desktop = picture(640, 400, (x, y) => (y < 26 ? [40, 40, 40] : [x % 256, y % 256, 200]));
    expect(isBlank(desktop)).toBe(false);
    expect(screenContent(desktop).colours).toBeGreaterThan(100);
  });
});

describe('two pictures', () => {
  it('do not differ by what nobody sees', () => {
    expect(
      difference(
        blank,
        picture(640, 400, () => [8, 8, 8]),
      ),
    ).toBe(0);
  });

  it('differ by the share of what changed', () => {
    expect(
      difference(
        blank,
        picture(640, 400, (x) => (x < 64 ? grey : black)),
      ),
    ).toBeCloseTo(0.1);
  });

  it('differ wholly where the mode changed', () => {
    expect(
      difference(
        blank,
        picture(320, 200, () => black),
      ),
    ).toBe(1);
  });
});
