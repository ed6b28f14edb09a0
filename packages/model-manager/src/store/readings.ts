import { readFileSync } from 'node:fs';
import type { ModelManifest, ModelRecord } from '@nanite/contracts';
import { writeAtomically } from '@nanite/kit';

/** What was read from a model's folder. */
export interface Reading {
  /** Of the folder and its manifest when they were read: while both are the same, nothing in it has changed. */
  stamp: string;
  manifest: ModelManifest;
  record: ModelRecord;
  /** sha256 of the manifest. */
  digest: string;
  sizeBytes: number;
  missing: string[];
}

/**
 * The form of what is kept: to be raised with every change of ModelManifest, ModelRecord or {@link Reading}, for what an
 * older program has read is believed unread (readings.test.ts compares the schemas).
 */
export const form = 2;

/**
 * Readings by folder, kept from one run of the service to the next: reading and checking a thousand manifests takes
 * longer than anybody should wait who wakes the service. It can be deleted at any time.
 */
export class Readings {
  #all = new Map<string, Reading>();
  #changed = false;

  /** @param file where they are kept */
  constructor(private readonly file: string) {
    try {
      // Written by this program alone, beside the manifests that it would read instead.
      const kept = JSON.parse(readFileSync(file, 'utf8')) as { form: number; readings: [string, Reading][] };
      if (kept.form === form) this.#all = new Map(kept.readings);
    } catch {
      // None yet, or half written before a power cut: everything is read again.
    }
  }

  get(folder: string, stamp: string): Reading | null {
    const found = this.#all.get(folder);
    return found?.stamp === stamp ? found : null;
  }

  set(folder: string, reading: Reading): void {
    this.#all.set(folder, reading);
    this.#changed = true;
  }

  delete(folder: string): void {
    if (this.#all.delete(folder)) this.#changed = true;
  }

  /** Forget what is kept of other folders. */
  keepOnly(folders: ReadonlySet<string>): void {
    for (const folder of this.#all.keys()) if (!folders.has(folder)) this.delete(folder);
  }

  save(): void {
    if (!this.#changed) return;
    writeAtomically(this.file, JSON.stringify({ form, readings: [...this.#all] }), 0o600);
    this.#changed = false;
  }
}
