import { readFileSync } from 'node:fs';
import { writeAtomically } from '@nanite/kit/atomic-file';
import type { Fingerprint } from './fingerprint';

export interface MadeList {
  /** The answer, as it is sent. */
  text: string;
  /** Whether everything in it was known. */
  complete: boolean;
}

interface Kept {
  hash: string;
  complete: boolean;
  bytes: Buffer;
}

/**
 * The list of all models as it was answered last, for as long as nothing that it is made of has changed; also from one
 * run of the service to the next. It can be deleted at any time (docs/decisions/0098).
 */
export class KeptList {
  /** Undefined: not read yet. */
  #kept: Kept | null | undefined;
  #changed = false;

  /**
   * @param file where it lies: a line of what it was made of, then the answer
   * @param look at what it is made of, as it is now
   */
  constructor(
    private readonly file: string,
    private readonly look: () => Fingerprint,
  ) {}

  /** The answer; null where something has changed. */
  get(): Buffer | null {
    if (this.#kept === undefined) this.#kept = this.#read();
    return this.#kept !== null && this.look().hash === this.#kept.hash ? this.#kept.bytes : null;
  }

  /** Whether what is kept lacks something that may be known by now. */
  get isIncomplete(): boolean {
    return this.#kept?.complete === false;
  }

  /** The answer as it is made now, kept where a later change would be seen. */
  make(make: () => MadeList): Buffer {
    // Looked at before: what changes while it is made is a change.
    const { hash, settled } = this.look();
    const { text, complete } = make();
    const bytes = Buffer.from(text);
    this.#kept = settled ? { hash, complete, bytes } : null;
    this.#changed = settled;
    return bytes;
  }

  forget(): void {
    this.#kept = null;
  }

  save(): void {
    if (!this.#kept || !this.#changed) return;
    const { bytes, ...head } = this.#kept;
    writeAtomically(this.file, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]), 0o600);
    this.#changed = false;
  }

  #read(): Kept | null {
    try {
      const whole = readFileSync(this.file);
      const end = whole.indexOf(10);
      // Written by this program alone, and by this version: it is part of what the list is made of.
      const head = JSON.parse(whole.toString('utf8', 0, end)) as Omit<Kept, 'bytes'>;
      return { ...head, bytes: whole.subarray(end + 1) };
    } catch {
      // None yet, or half written before a power cut: it is made again.
      return null;
    }
  }
}
