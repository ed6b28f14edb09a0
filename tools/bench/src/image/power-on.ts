import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng, VirtualMachine, waitForDesktop, type Firmware, type Frame } from '@nanite/vm';
import { checkout } from '../peers/cache';

const pictures = join(checkout, 'dist/bench/image');

/** One boot, from power-on to a desktop that stands still. */
export interface PowerOn {
  /** Seconds from power-on to the first picture of the desktop as it then stayed. */
  desktop: number;
  /** Seconds at which the screen changed, in order: firmware, menu, kernel, greeter, panel, icons. */
  changes: number[];
}

export interface PowerOnOptions {
  image: string;
  /** Of the picture that is kept in dist/bench/image/. */
  name: string;
  firmware: Firmware;
  /** MiB. */
  memory: number;
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;

/** Boot an image, press nothing, and wait for the desktop. */
export async function powerOn({ image, name, firmware, memory }: PowerOnOptions): Promise<PowerOn> {
  const machine = await VirtualMachine.boot({ image, firmware, memory, lifetime: 30 * 60_000 });
  const changes: Frame[] = [];
  try {
    const desktop = await waitForDesktop(machine, {
      timeout: 25 * 60_000,
      still: 30_000,
      seen: (frame) => changes.push(frame),
    });
    mkdirSync(pictures, { recursive: true });
    writeFileSync(join(pictures, `${name}.png`), encodePng(desktop.screen));
    return { desktop: seconds(desktop.at), changes: changes.map(({ at }) => seconds(at)) };
  } finally {
    await machine.stop();
  }
}
