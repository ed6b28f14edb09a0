import type { FileType } from '@nanite/contracts';
import type { Block, Extracted } from '../extracted';
import { limits } from '../limits';

/** What a reader has of a file. */
export interface Source {
  type: FileType;
  bytes: Buffer;
  /** Last part of its path, for what only a name tells. */
  name: string;
}

/** Gathers blocks up to what is kept of one file. */
export class Gathered {
  readonly blocks: Block[] = [];
  readonly warnings = new Set<string>();
  title: string | null = null;
  language: string | null = null;
  private length = 0;

  /** @returns whether there is room for more */
  add(block: Block): boolean {
    if (block.text.trim() === '' && block.bytes === null) return !this.full;
    if (this.full) {
      this.warnings.add('the file has more text than is kept of one file; the rest is left out');
      return false;
    }
    this.blocks.push(block);
    this.length += block.text.length;
    return true;
  }

  get full(): boolean {
    return this.length >= limits.text || this.blocks.length >= limits.blocks;
  }

  finish(type: FileType): Extracted {
    const { title, language, blocks } = this;
    return { type, title: title?.slice(0, 1000) || null, language, blocks, warnings: [...this.warnings] };
  }
}

/** White space as one blank, as browsers show text. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
