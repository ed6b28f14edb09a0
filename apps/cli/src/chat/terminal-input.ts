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
 * Lines from standard input. On a terminal they can be edited (node:readline); between entries the
 * terminal is in its ordinary mode, so that Ctrl-C is a signal and what is typed ahead is kept.
 */
export class TerminalInput {
  readonly isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  private readonly readline: Interface;
  private readonly waiting: InputLine[] = [];
  private wake: ((line: InputLine | null) => void) | null = null;
  private isPasting = false;
  private isClosed = false;
  private isTyping = false;
  /** What readline does when the size of the terminal changes: write its line again. */
  private readonly redraw: Array<(...args: unknown[]) => void>;

  constructor(options: TerminalInputOptions) {
    const before = process.stdout.listeners('resize');
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
    this.redraw = process.stdout
      .listeners('resize')
      .filter((each) => !before.includes(each)) as typeof this.redraw;
    // Until a line is typed there is none to be written again.
    for (const each of this.redraw) process.stdout.off('resize', each);
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

  /** The next line; null when the input has ended. The terminal stays with us until {@link rest}. */
  next(prompt: string): Promise<InputLine | null> {
    const line = this.waiting.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.isClosed) return Promise.resolve(null);
    if (this.isTerminal) {
      this.type();
      this.readline.setPrompt(prompt);
      this.readline.prompt();
    } else {
      this.readline.resume();
    }
    return new Promise<InputLine | null>((resolve) => (this.wake = resolve));
  }

  /** Let go of the terminal until the next line is wanted. */
  rest(): void {
    if (this.isTyping) {
      this.isTyping = false;
      process.stdout.write('\u001b[?2004l');
      for (const each of this.redraw) process.stdout.off('resize', each);
      if (!this.isClosed) process.stdin.setRawMode(false);
    }
    if (!this.isClosed) this.readline.pause();
  }

  /** Have an entry of several lines recalled as one. */
  remember(lines: readonly string[], entry: string): void {
    if (!this.isTerminal || lines.length < 2) return;
    // Typed as `string[]` by Node's documentation (the event `history`), and not by its types.
    const { history } = this.readline as Interface & { history: string[] };
    for (const line of [...lines].reverse()) if (history[0] === line) history.shift();
    if (entry.trim() !== '' && !entry.startsWith(' ')) history.unshift(entry);
  }

  private type(): void {
    if (this.isTyping) return;
    this.isTyping = true;
    process.stdin.setRawMode(true);
    process.stdout.write('\u001b[?2004h');
    for (const each of this.redraw) process.stdout.on('resize', each);
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
