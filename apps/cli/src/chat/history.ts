import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { userStateDir, writeAtomically } from '@nanite/kit';

/** Lines typed in `nanite chat`, the oldest first, one a line; readable by their owner only. */
export class History {
  readonly file = `${userStateDir()}/chat-history`;
  private broken = false;

  /** @param most lines kept; 0: none is read or written */
  constructor(private readonly most: number) {}

  /** The lines of earlier conversations, the newest first, as node:readline wants them. */
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
    return unique;
  }

  /** Remember a line; one that begins with a space is not, as in shells. */
  add(line: string): void {
    if (this.most === 0 || this.broken || line.trim() === '' || line.startsWith(' ')) return;
    try {
      mkdirSync(userStateDir(), { recursive: true, mode: 0o700 });
      appendFileSync(this.file, `${line.replaceAll('\n', ' ')}\n`, { mode: 0o600 });
    } catch (error) {
      this.broken = true;
      process.stderr.write(`nanite: no history: ${error instanceof Error ? error.message : String(error)}\n`);
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
