import { once } from 'node:events';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, NaniteError } from '@nanite/kit';
import { QMPClient } from 'node-qemu';
import { acceleration } from './acceleration';
import { firmwareVariables, qemuArguments, type VmPaths } from './arguments';
import { button, chordOf, pointAt, press, release, type Button, type Chord } from './keys';
import type { VmOptions } from './options';
import { readText } from './read-text';
import { decodePpm, difference, type Screenshot } from './screen';
import { SerialConsole } from './serial-console';

type Qemu = ChildProcessByStdio<Writable, Readable, Readable>;

/** A monitor that does not answer for so long never will: translation takes the processors, but not for minutes. */
const monitorTimeout = 60_000;

/** Firmware and boot menus look at the keyboard only so often. */
const keyHeld = 60;

const defaultLifetime = 30 * 60_000;

async function within<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
  const abandoned = new AbortController();
  try {
    return await Promise.race([
      work,
      sleep(milliseconds, undefined, { signal: abandoned.signal }).then(() => {
        throw new NaniteError('vm-timeout', `${what} took longer than ${milliseconds / 1000} s`);
      }),
    ]);
  } finally {
    abandoned.abort();
  }
}

const hasEnded = ({ exitCode, signalCode }: Qemu): boolean => exitCode !== null || signalCode !== null;

/** Resolves when QEMU listens, rejects when it has ended before. */
async function connectMonitor(qemu: Qemu, socketPath: string, complaints: () => string): Promise<QMPClient> {
  for (;;) {
    if (hasEnded(qemu)) {
      throw new NaniteError('vm-not-started', `QEMU ended at once with ${qemu.exitCode ?? qemu.signalCode}`, {
        hint: complaints().trim() || 'it said nothing',
      });
    }
    if (existsSync(socketPath)) {
      const client = new QMPClient({ socketPath });
      client.on('error', () => undefined);
      try {
        // One that ends before it has greeted closes the connection, and the client would go on waiting.
        await Promise.race([
          client.connect(),
          once(qemu, 'exit').then(() => Promise.reject(new Error('ended'))),
        ]);
        return client;
      } catch (error) {
        await client.close();
        // The socket is there a moment before somebody listens on it, and a moment longer than who listened.
        const { code } = error as NodeJS.ErrnoException;
        if (!hasEnded(qemu) && code !== 'ECONNREFUSED' && code !== 'ECONNRESET') throw error;
      }
    }
    await sleep(20);
  }
}

/**
 * A machine that boots an image in QEMU, and what a person in front of it has: a screen, a keyboard, a pointer, a serial
 * line. It ends with the process that booted it at the latest, also when that is killed.
 */
export class VirtualMachine {
  /** Milliseconds of performance.now() when it was switched on. */
  readonly poweredOn = performance.now();
  readonly serial: SerialConsole;
  /** What ended it, once it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly endWithUs = (): void => void this.qemu.kill('SIGKILL');
  private readonly lifetime: NodeJS.Timeout | undefined;
  private monitor: QMPClient | undefined;

  private constructor(
    private readonly qemu: Qemu,
    private readonly folder: string,
    private readonly paths: VmPaths,
    lifetime: number,
  ) {
    this.serial = new SerialConsole(qemu.stdout, qemu.stdin);
    process.on('exit', this.endWithUs);
    this.ended = new Promise((resolve) => {
      qemu.once('exit', (code, signal) => {
        process.off('exit', this.endWithUs);
        clearTimeout(this.lifetime);
        resolve({ code, signal });
      });
      // Where setpriv itself cannot be started, there is no exit.
      qemu.once('error', () => resolve({ code: null, signal: null }));
    });
    if (lifetime > 0) {
      this.lifetime = setTimeout(this.endWithUs, lifetime);
      this.lifetime.unref();
    }
  }

  /**
   * Switch a machine on.
   *
   * @throws NaniteError `no-image`, `no-network`, or `vm-not-started` with QEMU's words as hint
   */
  static async boot(options: VmOptions): Promise<VirtualMachine> {
    if (!existsSync(options.image)) {
      throw new NaniteError('no-image', `there is no image ${options.image}`, {
        hint: 'make iso builds one',
      });
    }
    const folder = mkdtempSync(join(tmpdir(), 'nanite-vm-'));
    const paths = {
      monitor: join(folder, 'monitor'),
      variables: join(folder, 'variables'),
      outbox: join(folder, 'outbox'),
    };
    try {
      if (options.firmware !== undefined && options.firmware !== 'bios') {
        copyFileSync(firmwareVariables[options.firmware], paths.variables);
      }
      // The kernel ends QEMU when the process that started it is gone, however it went.
      const qemu = spawn(
        'setpriv',
        ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options, paths, acceleration())],
        { stdio: 'pipe' },
      );
      let complaints = '';
      qemu.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      const machine = new VirtualMachine(qemu, folder, paths, options.lifetime ?? defaultLifetime);
      try {
        await within(
          monitorTimeout,
          'starting QEMU',
          Promise.race([machine.connect(() => complaints), failure(qemu)]),
        );
      } catch (error) {
        await machine.stop();
        throw error;
      }
      return machine;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private async connect(complaints: () => string): Promise<void> {
    this.monitor = await connectMonitor(this.qemu, this.paths.monitor, complaints);
  }

  get running(): boolean {
    return this.qemu.pid !== undefined && !hasEnded(this.qemu);
  }

  /** Milliseconds since it was switched on. */
  get age(): number {
    return performance.now() - this.poweredOn;
  }

  private execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    if (!this.running || this.monitor === undefined) {
      return Promise.reject(
        new NaniteError('machine-ended', `the machine has ended, and cannot do ${command}`),
      );
    }
    return within(monitorTimeout, command, this.monitor.execute(command, args));
  }

  /** What the screen shows now. */
  async screenshot(): Promise<Screenshot> {
    const filename = join(this.folder, 'screen.ppm');
    await this.execute('screendump', { filename, format: 'ppm' });
    return decodePpm(readFileSync(filename));
  }

  /**
   * Look at the screen, every `every` milliseconds, until it is as wanted; the picture on which it was.
   *
   * @throws NaniteError `screen-timeout`, with what could be read on the last picture as hint
   */
  async waitForScreen(
    what: string,
    wanted: (screen: Screenshot) => boolean | Promise<boolean>,
    { timeout, every = 1000 }: { timeout: number; every?: number },
  ): Promise<Screenshot> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const screen = await this.screenshot();
      if (await wanted(screen)) return screen;
      if (performance.now() > deadline) {
        throw new NaniteError(
          'screen-timeout',
          `the screen did not show ${what} within ${timeout / 1000} s`,
          {
            hint: `it shows: ${(await readText(screen)) || 'nothing that can be read'}`,
          },
        );
      }
      await sleep(every);
    }
  }

  /** Wait until these words can be read on the screen. A picture that is like the one before is not read again. */
  waitForWords(words: RegExp, timeout: number): Promise<Screenshot> {
    let last: Screenshot | undefined;
    return this.waitForScreen(
      words.toString(),
      async (screen) => {
        if (last !== undefined && difference(last, screen) < 0.0002) return false;
        last = screen;
        return words.test(await readText(screen));
      },
      { timeout },
    );
  }

  /** Press and release a key combination, by QEMU's names: `press('ctrl', 'alt', 't')`. */
  async press(...chord: Chord): Promise<void> {
    await this.execute('input-send-event', { events: press(chord) });
    await sleep(keyHeld);
    await this.execute('input-send-event', { events: release(chord) });
    await sleep(keyHeld);
  }

  /** Write on the keyboard; \n is the enter key. */
  async type(text: string): Promise<void> {
    for (const character of text) await this.press(...chordOf(character));
  }

  /** Click at a pixel of the screen. */
  async click(x: number, y: number, name: Button = 'left'): Promise<void> {
    const { width, height } = await this.screenshot();
    await this.execute('input-send-event', { events: pointAt(x, y, width, height) });
    await sleep(keyHeld);
    await this.execute('input-send-event', { events: button(name, true) });
    await sleep(keyHeld);
    await this.execute('input-send-event', { events: button(name, false) });
  }

  /** Take the CD out, also where the system holds the tray shut. */
  async takeOutMedium(): Promise<void> {
    await this.execute('eject', { device: 'medium', force: true });
  }

  /** What the guest has written to /dev/virtio-ports/org.nanite.outbox so far: how a file comes out of it. */
  outbox(): Buffer {
    return readFileSync(this.paths.outbox);
  }

  /** Press the power button, and wait until the machine is off. */
  async powerOff(timeout: number): Promise<void> {
    await this.execute('system_powerdown');
    await within(timeout, 'switching off', this.ended);
    await this.stop();
  }

  /** Pull the plug, and remove what the machine left here. */
  async stop(): Promise<void> {
    if (this.running) this.qemu.kill('SIGKILL');
    await this.ended;
    await this.monitor?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Rejects where the program itself cannot be started. */
function failure(child: Qemu): Promise<never> {
  return new Promise((_, reject) =>
    child.once('error', (error) =>
      reject(
        new NaniteError('vm-not-started', describeError(error), {
          hint: 'run this inside the image root: tools/target/target enter -r image …',
        }),
      ),
    ),
  );
}
