import type { fetchFile } from '../download/fetch';
import type { inspect } from '../gate/gate';
import type { parseReference } from '../references/reference';
import type { resolve } from '../sources/resolve';

/** What a pull is made of; tests put others in their place. */
export interface PullTools {
  parseReference: typeof parseReference;
  resolve: typeof resolve;
  fetchFile: typeof fetchFile;
  inspect: typeof inspect;
}

/** How files are fetched: section `models` of the settings. */
export interface FetchSettings {
  chunkBytes: number;
  parallel: number;
  bytesPerSecond: number | null;
}
