import { isLively, paint } from './paint';

/** A line on standard error that says what is being done now, and leaves nothing behind; nothing where that is no terminal. */
export class PassingLine {
  readonly #lively = isLively(process.stderr);
  #shown = false;

  show(text: string): void {
    if (!this.#lively) return;
    this.#shown = true;
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\u001b[2K${paint(process.stderr).dim(text.slice(0, width - 1))}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[2K');
    this.#shown = false;
  }
}
