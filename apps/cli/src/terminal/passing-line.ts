import { isLively, paint } from './paint';

/** A line on standard error that says what is being done now, and leaves nothing behind; nothing where that is not a terminal. */
export class PassingLine {
  readonly #lively = isLively(process.stderr);
  /** Columns that the line takes; null: there is none. */
  #shown: number | null = null;

  /** @param style what the line looks like; dimmed where it is left out */
  constructor(private readonly style: (text: string) => string = paint(process.stderr).dim) {}

  show(text: string): void {
    if (!this.#lively) return;
    this.clear();
    const line = text.slice(0, (process.stderr.columns || 80) - 1);
    this.#shown = line.length;
    process.stderr.write(this.style(line));
  }

  clear(): void {
    if (this.#shown === null) return;
    // A terminal that became narrower shows the line on several rows.
    const rows = Math.max(1, Math.ceil(this.#shown / (process.stderr.columns || 80)));
    process.stderr.write(`${rows > 1 ? `\u001b[${rows - 1}A` : ''}\r\u001b[J`);
    this.#shown = null;
  }
}
