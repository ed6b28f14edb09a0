import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/** What of an index somebody may see. */
export interface View {
  /**
   * Whether they may know of everything that is indexed: what the collections are, and how much is in them. No text and
   * no name of a file that they may not read.
   */
  whole(): Promise<boolean>;
  /** Whether they may read a file now: asked of the kernel each time. */
  mayRead(path: Buffer): Promise<boolean>;
  /** Ids of the files that they may read, as of a few seconds ago at most; null: all that are indexed. */
  files(): Promise<readonly number[] | null>;
  /** Which of these folders they get to. */
  reached(folders: readonly Buffer[]): Promise<boolean[]>;
}

/** Who asks. */
export interface Visitor {
  view: View;
  /** @throws NaniteError `not-authorised` 403 where they may not say what is indexed */
  allowChange(): Promise<void>;
  /** Called when what they asked for is answered. */
  leave(): void;
}

/** Who is let in, by what the kernel says of the other end of a connection. */
export interface Door {
  /** @throws NaniteError 403, 429 */
  admit(peer: { pid: number; uid: number } | null): Visitor;
}

/** Whether whom the service runs as may read a file now, asked of the kernel. */
export async function mayRead(path: Buffer): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    // Whatever is the reason: what cannot be read is not shown.
    return false;
  }
}

/** The files of whom the service runs as: all that is indexed is theirs, and what they may read no longer is not shown. */
export const ownView: View = {
  whole: () => Promise.resolve(true),
  mayRead,
  files: () => Promise.resolve(null),
  reached: (folders) => Promise.resolve(folders.map(() => true)),
};
