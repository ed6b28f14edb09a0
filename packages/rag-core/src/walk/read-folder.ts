import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { GitIgnores, telling, type Rules } from './rules';

/** A file that belongs to a collection, as lstat(2) saw it. */
export interface FoundFile {
  path: Buffer;
  /** Device, inode, size and time of the last change of the content: the same after a rename. */
  identity: string;
  /** Time of the last change of content, mode, owner or name, in ns. With `identity` equal: nothing changed. */
  ctime: string;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** A folder on the way down from a collection's own. */
export interface Folder {
  path: Buffer;
  /** From the collection's folder, as text; empty for that itself. */
  relative: string;
  name: string;
  /** The .gitignore files above it. */
  ignores: GitIgnores;
}

export interface FolderContent {
  /** Device and inode: another folder under the same name has others. */
  inode: string;
  files: FoundFile[];
  folders: Folder[];
}

const slash = Buffer.from('/');
export const joinPath = (folder: Buffer, name: Buffer): Buffer =>
  folder.equals(slash) ? Buffer.concat([folder, name]) : Buffer.concat([folder, slash, name]);

/** File systems that are not storage; nobody's documents lie there. */
const notStorage = new Set(['/proc', '/sys', '/dev', '/run']);

/** A .gitignore of more than this is not the work of a person. */
const mostIgnoreBytes = 1024 * 1024;

/** What may no longer be read or is gone is not there; every other error is one. */
export const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ESTALE', 'ENODEV'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );

/**
 * The files and folders in one folder that belong to the collection. Links are not followed: what they lead to is found
 * in its own place, or lies outside. Pipes, sockets and devices are never opened.
 *
 * @returns null where the folder is gone, may not be read, or is left out for what lies in it
 */
export async function readFolder(folder: Folder, rules: Rules): Promise<FolderContent | null> {
  let entries;
  let inode;
  try {
    const { dev, ino, ...seen } = await lstat(folder.path);
    if (!isDirectory(seen.mode)) return null;
    inode = `${dev}:${ino}`;
    entries = await readdir(folder.path, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
  const names = new Set(entries.map(({ name }) => name.toString()));
  if (rules.heedsContent(folder.name) && telling(names) !== null) return null;
  let { ignores } = folder;
  if (rules.gitignore && names.has('.gitignore')) {
    const text = await readIgnoreFile(joinPath(folder.path, Buffer.from('.gitignore')));
    if (text !== null) ignores = ignores.with(folder.relative, text);
  }

  const content: FolderContent = { inode, files: [], folders: [] };
  const wanted: Buffer[] = [];
  for (const entry of entries) {
    const name = entry.name.toString();
    const relative = folder.relative === '' ? name : `${folder.relative}/${name}`;
    const path = joinPath(folder.path, entry.name);
    if (entry.isDirectory()) {
      if (!rules.entersFolder(relative, name) || ignores.ignores(relative, true)) continue;
      if (notStorage.has(path.toString())) continue;
      content.folders.push({ path, relative, name, ignores });
    } else if (entry.isFile()) {
      if (rules.takesFile(relative, name) && !ignores.ignores(relative, false)) wanted.push(path);
    }
  }
  const found = await Promise.all(wanted.map(statFile));
  content.files = found.filter((file) => file !== null);
  return content;
}

/** Not for links: what a folder was may be a link to elsewhere by now. */
const isDirectory = (mode: number): boolean => (mode & constants.S_IFMT) === constants.S_IFDIR;

/** @returns null where it is gone or no file any more */
export async function statFile(path: Buffer): Promise<FoundFile | null> {
  try {
    const seen = await lstat(path, { bigint: true });
    if (!seen.isFile()) return null;
    return {
      path,
      identity: `${seen.dev}:${seen.ino}:${seen.size}:${seen.mtimeNs}`,
      ctime: String(seen.ctimeNs),
      size: Number(seen.size),
      modified: Number(seen.mtimeMs),
    };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

async function readIgnoreFile(path: Buffer): Promise<string | null> {
  try {
    // Not through a link, and not waiting for a pipe of that name.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      return size > mostIgnoreBytes ? null : await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
