import type { Extracted } from '../extract/extracted';
import type { Chunk } from './chunk';

/** What the index keeps of a file. */
export interface Passages extends Omit<Extracted, 'blocks'> {
  chunks: Chunk[];
}
