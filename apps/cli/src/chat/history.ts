import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { describeError, userStateDir, writeAtomically } from '@nanite/kit';

/** Stands for a new line within an entry: no keyboard types it. */
const newLine = '\u001f';

/** What was typed in `nanite chat`, the oldest first, an entry a line; readable by its owner only. */
export class History {
  readonly file = `${userStateDir()}/chat-history`;
  private broken = false;

  /** @param most entries kept; 0: none is read or written */
  constructor(private readonly most: number) {}

  /** The entries of earlier conversations, the newest first, as node:readline wants them. */
  read(): string[] {
    if (this.most === 0) return [];
    let lines: string[];
    try {
      lines = readFileSync(this.file, 'utf8').split('\n').filter(Boolean);
    } catch {
      // None yet, or not readable: a conversation does not need it.
      return [];
    }
    const unique = [...new Set(lines.reverse())].slice(0, this.most);
    if (lines.length > 2 * this.most) this.rewrite(unique);
    return unique.map((line) => line.replaceAll(newLine, '\n'));
  }

  /** Remember an entry; one that begins with a space is not, as in shells. */
  add(entry: string): void {
    if (this.most === 0 || this.broken || entry.trim() === '' || entry.startsWith(' ')) return;
    try {
      mkdirSync(userStateDir(), { recursive: true, mode: 0o700 });
      appendFileSync(this.file, `${entry.replaceAll('\n', newLine)}\n`, { mode: 0o600 });
    } catch (error) {
      this.broken = true;
      process.stderr.write(`nanite: what you type is not remembered: ${describeError(error)}\n`);
    }
  }

  private rewrite(newestFirst: string[]): void {
    const text = `${[...newestFirst].reverse().join('\n')}\n`;
    try {
      writeAtomically(this.file, text, 0o600);
    } catch {
      // It stays longer than asked; `add` tells about a folder that cannot be written.
    }
  }
}
