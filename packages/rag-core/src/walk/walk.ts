import { GitIgnores, type Rules } from './rules';
import { readFolder, type Folder, type FolderContent } from './read-folder';

/** How many folders are read at once: the threads of Node's pool. */
const atOnce = 4;

export const rootFolder = (path: Buffer): Folder => ({
  path,
  relative: '',
  name: path.subarray(path.lastIndexOf(0x2f) + 1).toString(),
  ignores: GitIgnores.none,
});

/**
 * Everything below a folder that belongs to the collection, folder by folder, parents first.
 *
 * @param entering called before a folder is read: whoever watches it from then on misses nothing
 * @returns for each folder its content, or null where it is gone, may not be read, or is left out
 */
export async function* walk(
  from: Folder,
  rules: Rules,
  signal: AbortSignal,
  entering: (folder: Folder) => void = () => undefined,
): AsyncGenerator<{ folder: Folder; content: FolderContent | null }, void, void> {
  const waiting: Folder[] = [from];
  const reading: Array<Promise<{ folder: Folder; content: FolderContent | null }>> = [];
  while (waiting.length > 0 || reading.length > 0) {
    signal.throwIfAborted();
    while (waiting.length > 0 && reading.length < atOnce) {
      // The deepest first: what waits stays short.
      const folder = waiting.pop()!;
      entering(folder);
      reading.push(readFolder(folder, rules).then((content) => ({ folder, content })));
    }
    const read = await reading.shift()!;
    if (read.content !== null) waiting.push(...read.content.folders);
    yield read;
  }
}
