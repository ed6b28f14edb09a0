import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import { readText } from './read-text';
import { isBlank, type Screenshot } from './screen';
import { Stillness, type Frame } from './stillness';
import type { VirtualMachine } from './virtual-machine';

/** What XFCE's panel and desktop say in English, with any theme: the menu's button, and the icons' names. */
const desktopWords = [/applications/i, /\b(home|file system|trash)\b/i];

export interface DesktopOptions {
  /** Milliseconds after which it is given up. */
  timeout: number;
  /** Milliseconds for which the screen must stand still; default 20,000. */
  still?: number;
  /** All of them must be read on the screen; default XFCE's panel and icons. */
  words?: RegExp[];
  /** Called with each picture that differs from the one before. */
  seen?: (frame: Frame) => void;
}

/**
 * Wait until the desktop is there: its words can be read, and nothing moves any more.
 *
 * @returns the first picture that shows what the screen then kept showing; its `at` is the time from power-on to desktop
 * @throws NaniteError `no-desktop`, with what can be read instead
 */
export async function waitForDesktop(
  machine: Pick<VirtualMachine, 'screenshot' | 'age'>,
  { timeout, still = 20_000, words = desktopWords, seen }: DesktopOptions,
): Promise<Frame> {
  const stillness = new Stillness();
  let begun: Frame | undefined;
  let read: Screenshot | undefined;
  for (;;) {
    const at = machine.age;
    const first = stillness.add({ at, screen: await machine.screenshot() });
    if (first !== begun) seen?.(first);
    begun = first;
    // Each still picture is read once only: boot messages may stand for long, too, and reading takes the processor.
    if (stillness.lasted >= still && read !== first.screen && !isBlank(first.screen)) {
      read = first.screen;
      const text = await readText(first.screen);
      if (words.every((word) => word.test(text))) return first;
    }
    if (at > timeout) {
      throw new NaniteError('no-desktop', `there is no desktop after ${Math.round(timeout / 1000)} s`, {
        hint: `the screen shows: ${(await readText(first.screen)) || 'nothing that can be read'}`,
      });
    }
    await sleep(1000);
  }
}
