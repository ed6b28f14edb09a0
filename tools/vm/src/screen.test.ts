import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import {
  decodePpm,
  encodePng,
  encodePpm,
  difference,
  isBlank,
  screenContent,
  type Screenshot,
} from './screen';

type Colour = [number, number, number];

function picture(width: number, height: number, colour: (x: number, y: number) => Colour): Screenshot {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colour(x, y), (y * width + x) * 3);
  }
  return { width, height, pixels };
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

describe('a picture', () => {
  const small = picture(3, 2, (x, y) => [x, y, 10]);

  it('is read as QEMU writes it', () => {
    expect(decodePpm(Buffer.concat([Buffer.from('P6\n3 2\n255\n'), small.pixels]))).toEqual(small);
    expect(decodePpm(encodePpm(small))).toEqual(small);
  });

  it('whose first pixel looks like white space is read whole', () => {
    const odd = picture(2, 1, () => [10, 32, 9]);
    expect(decodePpm(encodePpm(odd))).toEqual(odd);
  });

  it('that is cut short, or none, is refused', () => {
    expect(() => decodePpm(encodePpm(small).subarray(0, 20))).toThrow(
      expect.objectContaining({ code: 'no-picture' }),
    );
    expect(() => decodePpm(Buffer.from('not at all'))).toThrow(
      expect.objectContaining({ code: 'no-picture' }),
    );
  });

  it('is the same as a PNG', () => {
    const { width, height, data } = PNG.sync.read(encodePng(small));
    expect([width, height]).toEqual([3, 2]);
    expect([...data.subarray(4, 8)]).toEqual([1, 0, 10, 255]);
  });
});
