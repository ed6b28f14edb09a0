import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

export const draftPrefix = '.new-';

/** Where things lie in the store. Names that begin with a dot are not models: the engine passes over them. */
export class Layout {
  constructor(readonly root: string) {}

  readonly manifestName = 'manifest.json';
  readonly recordName = 'record.json';

  /** Complete, verified, mode 0444; each file named by what it hashes to. */
  get blobs(): string {
    return join(this.root, 'blobs');
  }

  /** What is being fetched, and its state for going on. */
  get partial(): string {
    return join(this.root, 'partial');
  }

  /** Blobs that no longer hash to their name. */
  get bad(): string {
    return join(this.root, '.bad');
  }

  /** New versions, fetched and checked, that are not current yet. */
  get staged(): string {
    return join(this.root, '.staged');
  }

  /** The version before the current one of models that were updated. */
  get previous(): string {
    return join(this.root, '.previous');
  }

  /** Pulls that have not ended: nanite-models-resume.service names it too. */
  get jobs(): string {
    return join(this.root, '.jobs');
  }

  /** What was read of models' folders. */
  get readings(): string {
    return join(this.root, '.read.json');
  }

  /** The last list of all models, as it was answered. */
  get list(): string {
    return join(this.root, '.list.json');
  }

  get lock(): string {
    return join(this.root, '.lock');
  }

  /** A name that nobody has, for what is to be renamed; a sweep removes it. */
  draft(): string {
    return join(this.root, `${draftPrefix}${randomBytes(8).toString('hex')}`);
  }

  blob(sha256: string): string {
    return join(this.blobs, `sha256-${sha256}`);
  }

  part(key: string): { part: string; state: string } {
    const base = join(this.partial, key);
    return { part: `${base}.part`, state: `${base}.json` };
  }

  model(id: string): string {
    return join(this.root, id);
  }
}

/** Folders of the root that hold no model. */
export const reservedNames: ReadonlySet<string> = new Set(['blobs', 'partial', 'lost+found']);

/** The key of a part whose digest is known. */
export const partKey = (sha256: string): string => `sha256-${sha256}`;

/** The digest in the name of a blob; null for any other name. */
export function digestIn(name: string): string | null {
  return /^sha256-([0-9a-f]{64})$/.exec(name)?.[1] ?? null;
}
