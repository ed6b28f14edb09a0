const quotes = '"""';

/**
 * Makes one entry of the lines that a person types: a backslash at the end of a line continues it, """ opens and closes
 * a text of several lines, and lines of one paste stay together.
 */
export class Entry {
  private lines: string[] = [];
  private quoted = false;
  /** Whether an entry has begun and is not complete. */
  get isOpen(): boolean {
    return this.quoted || this.lines.length > 0;
  }

  /**
   * @param line may be an entry of several lines, recalled from the history
   * @param pasted the line ends inside a paste, so that more of the entry follows
   * @returns the entry when this line completes it
   */
  add(line: string, pasted = false): string | undefined {
    if (this.quoted) {
      const end = line.trimEnd();
      if (!pasted && end.endsWith(quotes)) return this.complete(end.slice(0, -quotes.length));
      this.lines.push(line);
      return undefined;
    }
    if (!this.isOpen && line.includes('\n')) return line;
    if (pasted) {
      this.lines.push(line);
      return undefined;
    }
    const start = line.trimStart();
    if (!this.isOpen && start.startsWith(quotes)) {
      const rest = start.slice(quotes.length);
      if (rest.trimEnd().endsWith(quotes)) return rest.trimEnd().slice(0, -quotes.length);
      this.quoted = true;
      if (rest !== '') this.lines.push(rest);
      return undefined;
    }
    if (line.endsWith('\\')) {
      this.lines.push(line.slice(0, -1));
      return undefined;
    }
    return this.complete(line);
  }

  /** Forget what was begun. */
  clear(): void {
    this.lines = [];
    this.quoted = false;
  }

  /** What was begun, where the input ended in the middle of it. */
  rest(): string {
    const text = this.lines.join('\n');
    this.clear();
    return text;
  }

  private complete(last: string): string {
    const text = [...this.lines, last].join('\n');
    this.clear();
    return this.trimmed(text);
  }

  private trimmed(text: string): string {
    return text.replace(/^\n+|\n+$/g, '');
  }
}
