import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { NaniteError } from '@nanite/kit';

/** Colours, cursor movements and titles; a terminal shows them, nobody reads them. */

const escapes = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78cDEHM])/g;

/** Text as a person at a terminal would have read it, line ends as \n. */
export const withoutEscapes = (raw: string): string => raw.replace(escapes, '').replace(/\r+\n/g, '\n');

export interface CommandResult {
  code: number;
  output: string;
}

interface Waiter {
  pattern: RegExp;
  done(match: RegExpExecArray): void;
  fail(error: Error): void;
}

/** How much of the end of a transcript an error quotes. */
const quoted = 15;

/**
 * The serial line of a machine, as a person at a terminal has it. Waiting goes on from where the last wait ended, so that
 * the same prompt is not found twice.
 */
export class SerialConsole {
  private raw = '';
  private from = 0;
  private ended: string | undefined;
  private readonly waiters = new Set<Waiter>();
  private readonly decoder = new StringDecoder('utf8');

  constructor(
    private readonly output: Readable,
    private readonly input: Writable,
  ) {
    output.on('data', (chunk: Buffer) => {
      this.raw += this.decoder.write(chunk);
      this.look();
    });
    output.on('close', () => this.end('the serial line is closed'));
    // The machine may end while something is being typed.
    input.on('error', () => undefined);
  }

  /** All that came so far. */
  get transcript(): string {
    return withoutEscapes(this.raw);
  }

  /** Hand on, byte by byte, what comes from now on. */
  mirror(terminal: Writable): void {
    this.output.on('data', (chunk: Buffer) => terminal.write(chunk));
  }

  private lastLines(): string {
    return this.transcript.trimEnd().split('\n').slice(-quoted).join('\n');
  }

  private look(): void {
    if (this.waiters.size === 0) return;
    const text = this.transcript.slice(this.from);
    for (const waiter of this.waiters) {
      const match = waiter.pattern.exec(text);
      if (match === null) continue;
      this.waiters.delete(waiter);
      this.from += match.index + match[0].length;
      waiter.done(match);
      return;
    }
  }

  private end(reason: string): void {
    this.ended ??= reason;
    for (const waiter of this.waiters) {
      waiter.fail(
        new NaniteError('machine-ended', `${this.ended} while waiting for ${waiter.pattern.toString()}`, {
          hint: `its last lines:\n${this.lastLines()}`,
        }),
      );
    }
    this.waiters.clear();
  }

  /**
   * Wait until the machine has written this, counted from the end of the last text that was waited for.
   *
   * @param timeout milliseconds
   * @throws NaniteError `serial-timeout`, or `machine-ended`, with the last lines as hint
   */
  waitForText(text: string | RegExp, timeout: number): Promise<RegExpExecArray> {
    const pattern =
      typeof text === 'string'
        ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
        : new RegExp(text.source, text.flags);
    return new Promise((resolve, reject) => {
      const finish = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          settle(value);
        };
      };
      const waiter: Waiter = { pattern, done: finish(resolve), fail: finish(reject) };
      const timer = setTimeout(
        () =>
          waiter.fail(
            new NaniteError(
              'serial-timeout',
              `no ${pattern.toString()} on the serial line after ${timeout / 1000} s`,
              {
                hint: `its last lines:\n${this.lastLines()}`,
              },
            ),
          ),
        timeout,
      );
      this.waiters.add(waiter);
      this.look();
      if (this.ended !== undefined) this.end(this.ended);
    });
  }

  /** Write as a person at this terminal would; \n is the enter key. */
  type(text: string): void {
    this.input.write(text.replaceAll('\n', '\r'));
  }

  /**
   * Run a command in the shell that waits at this line.
   *
   * @param timeout milliseconds
   */
  async run(command: string, timeout = 60_000): Promise<CommandResult> {
    const mark = randomUUID().slice(0, 8);
    // Split by quotes, so that the terminal's echo of what is typed is not taken for the answer.
    this.type(`echo 'BEGIN-''${mark}'; { ${command}\n} 2>&1; echo 'END-''${mark}' $?\n`);
    const answer = new RegExp(`BEGIN-${mark}\\n([^]*?)END-${mark} (\\d+)\\n`);
    const [, output = '', code = ''] = await this.waitForText(answer, timeout);
    return { code: Number(code), output };
  }
}
