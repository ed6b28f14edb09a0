import { PNG } from 'pngjs';

/** A picture of the screen. */
export interface Screenshot {
  width: number;
  height: number;
  /** Red, green, blue and alpha of each pixel, row by row. */
  pixels: Buffer;
  /** As it came: a PNG file. */
  png: Buffer;
}

export function decodeScreenshot(png: Buffer): Screenshot {
  const { width, height, data } = PNG.sync.read(png);
  return { width, height, pixels: data, png };
}

export interface ScreenContent {
  /** Different colours, of 4,096 (four bits a channel). */
  colours: number;
  /** Share of the pixels that have the most frequent colour, 0 to 1. */
  background: number;
}

export function screenContent({ pixels }: Pick<Screenshot, 'pixels'>): ScreenContent {
  const counts = new Uint32Array(4096);
  for (let at = 0; at < pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const colour = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  const used = counts.filter((count) => count > 0);
  return { colours: used.length, background: Math.max(...used) / (pixels.length / 4) };
}

/**
 * Whether there is nothing to see: one colour, but for so few pixels that they can only be a cursor. A line of text of
 * forty characters is more.
 */
export function isBlank(screen: Pick<Screenshot, 'pixels'>): boolean {
  return screenContent(screen).background > 0.9995;
}

/** Share of pixels, 0 to 1, that differ visibly (a channel by more than 8 of 255); 1 where the sizes differ. */
export function difference(one: Screenshot, other: Screenshot): number {
  if (one.width !== other.width || one.height !== other.height) return 1;
  let different = 0;
  for (let at = 0; at < one.pixels.length; at += 4) {
    for (let channel = at; channel < at + 3; channel++) {
      if (Math.abs((one.pixels[channel] ?? 0) - (other.pixels[channel] ?? 0)) > 8) {
        different++;
        break;
      }
    }
  }
  return different / (one.pixels.length / 4);
}
