import { difference, type Screenshot } from './screen';

/** A picture, and when it was taken: milliseconds since power-on. */
export interface Frame {
  at: number;
  screen: Screenshot;
}

/** A clock's digits and a blinking cursor change less than this share of the pixels; an icon that appears, more. */
export const stillShare = 0.0005;

/**
 * Watches a screen until it stands still.
 *
 * Add pictures as they are taken; they are compared with the one that began the stillness, so that a slow change ends it as
 * well as a sudden one.
 */
export class Stillness {
  private first: Frame | undefined;
  private last: Frame | undefined;

  /** @param share of the pixels that may differ, 0 to 1 */
  constructor(private readonly share = stillShare) {}

  /** Returns the picture since which the screen stands still. */
  add(frame: Frame): Frame {
    if (this.first === undefined || difference(this.first.screen, frame.screen) > this.share)
      this.first = frame;
    this.last = frame;
    return this.first;
  }

  /** Milliseconds for which the screen has been standing still. */
  get lasted(): number {
    return this.first === undefined || this.last === undefined ? 0 : this.last.at - this.first.at;
  }
}
