import { NaniteError } from '@nanite/kit';
import { PNG } from 'pngjs';

/** A picture of the screen. */
export interface Screenshot {
  width: number;
  height: number;
  /** Red, green and blue of each pixel, a byte each, row by row. */
  pixels: Buffer;
}

/**
 * Reads a PPM file (P6, 255 shades) as QEMU writes it. Pictures are taken every second from a machine that needs the
 * processor itself, and packing each as PNG and unpacking it again took a fifth of one.
 *
 * @throws NaniteError `no-picture`
 */
export function decodePpm(file: Buffer): Screenshot {
  const [header, width, height] =
    /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(file.subarray(0, 64).toString('latin1')) ?? [];
  const screen = { width: Number(width), height: Number(height), pixels: file.subarray(header?.length) };
  if (header === undefined || screen.pixels.length !== screen.width * screen.height * 3) {
    throw new NaniteError('no-picture', 'QEMU wrote something else than a picture');
  }
  return screen;
}

/** For people, and for files. */
export function encodePng({ width, height, pixels }: Screenshot): Buffer {
  const png = new PNG({ width, height, colorType: 2, inputColorType: 2, inputHasAlpha: false });
  png.data = pixels;
  return PNG.sync.write(png, { colorType: 2, inputColorType: 2, inputHasAlpha: false });
}

/** As decodePpm reads it. */
export const encodePpm = ({ width, height, pixels }: Screenshot): Buffer =>
  Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), pixels]);

export interface ScreenContent {
  /** Different colours, of 4,096 (four bits a channel). */
  colours: number;
  /** Share of the pixels that have the most frequent colour, 0 to 1. */
  background: number;
}

export function screenContent({ pixels }: Pick<Screenshot, 'pixels'>): ScreenContent {
  const counts = new Uint32Array(4096);
  for (let at = 0; at < pixels.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const colour = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  const used = counts.filter((count) => count > 0);
  return { colours: used.length, background: Math.max(...used) / (pixels.length / 3) };
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
  if (one.pixels.equals(other.pixels)) return 0;
  let different = 0;
  for (let at = 0; at < one.pixels.length; at += 3) {
    for (let channel = at; channel < at + 3; channel++) {
      if (Math.abs((one.pixels[channel] ?? 0) - (other.pixels[channel] ?? 0)) > 8) {
        different++;
        break;
      }
    }
  }
  return different / (one.pixels.length / 3);
}
