import { createInterface, type Interface } from 'node:readline';

/** A line as it was typed, or as part of a paste that goes on after it. */
export interface InputLine {
  text: string;
  pasted: boolean;
}

export interface TerminalInputOptions {
  history: string[];
  historySize: number;
  complete: (line: string) => [string[], string];
  /** Ctrl-C while a line is typed. */
  onInterrupt: () => void;
}

/**
 * Lines from standard input. On a terminal they can be edited (node:readline); while nobody waits for a line the
 * terminal is in its ordinary mode, so that Ctrl-C is a signal and what is typed ahead is kept.
 */
export class TerminalInput {
  readonly isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  private readonly readline: Interface;
  private readonly waiting: InputLine[] = [];
  private wake: ((line: InputLine | null) => void) | null = null;
  private isPasting = false;
  private isClosed = false;

  constructor(options: TerminalInputOptions) {
    this.readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: this.isTerminal,
      history: options.history,
      historySize: options.historySize,
      removeHistoryDuplicates: true,
      completer: options.complete,
      tabSize: 4,
    });
    this.readline.on('line', (text) => this.give({ text, pasted: this.isPasting }));
    this.readline.on('close', () => {
      this.isClosed = true;
      this.wake?.(null);
      this.wake = null;
    });
    this.readline.on('SIGINT', options.onInterrupt);
    if (this.isTerminal) {
      process.stdin.on('keypress', (_text: unknown, key?: { name?: string }) => {
        if (key?.name === 'paste-start') this.isPasting = true;
        if (key?.name === 'paste-end') this.isPasting = false;
      });
    }
  }

  /** The next line; null when the input has ended. */
  async next(prompt: string): Promise<InputLine | null> {
    const line = this.waiting.shift();
    if (line !== undefined) return line;
    if (this.isClosed) return null;
    if (this.isTerminal) {
      process.stdin.setRawMode(true);
      process.stdout.write('\u001b[?2004h');
      this.readline.setPrompt(prompt);
      this.readline.prompt();
    } else {
      this.readline.resume();
    }
    try {
      return await new Promise<InputLine | null>((resolve) => (this.wake = resolve));
    } finally {
      if (this.isTerminal) {
        process.stdout.write('\u001b[?2004l');
        if (!this.isClosed) process.stdin.setRawMode(false);
      }
      if (!this.isClosed) this.readline.pause();
    }
  }

  /** Empty the line being typed and show the prompt again. */
  restart(prompt: string): void {
    this.readline.write(null, { ctrl: true, name: 'e' });
    this.readline.write(null, { ctrl: true, name: 'u' });
    this.readline.setPrompt(prompt);
    this.readline.prompt();
  }

  close(): void {
    if (!this.isClosed) this.readline.close();
  }

  private give(line: InputLine): void {
    if (this.wake === null) {
      this.waiting.push(line);
      return;
    }
    this.wake(line);
    this.wake = null;
  }
}
