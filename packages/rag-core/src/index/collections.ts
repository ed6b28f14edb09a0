import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { CollectionName, formatCitation, parseCitation, type CollectionRequest } from '@nanite/contracts';
import { NaniteError, writeAtomically } from '@nanite/kit';
import { z } from 'zod';
import type { Database } from '../store';
import type { CollectionOptions } from '../walk';

export interface StoredRoot {
  id: number;
  path: Buffer;
}

export interface StoredCollection {
  id: number;
  name: string;
  options: CollectionOptions;
  paused: boolean;
  roots: StoredRoot[];
}

/** What is kept beside the database: with it a lost or damaged database is made again from the files. */
const Backup = z.array(
  z.object({
    name: CollectionName,
    roots: z.array(z.string()),
    include: z.array(z.string()),
    exclude: z.array(z.string()),
    gitignore: z.boolean(),
    paused: z.boolean(),
  }),
);

/** A path as a person reads it; where it is not UTF-8, as an address with its bytes. */
export const pathText = (path: Buffer): string => {
  const text = path.toString();
  return Buffer.from(text).equals(path) ? text : formatCitation({ path, place: { kind: 'whole' } });
};

/** @throws NaniteError `bad-path` 400 */
export function pathBytes(text: string): Buffer {
  const path = text.startsWith('file:') ? parseCitation(text)?.path : Buffer.from(text);
  if (path === undefined || path[0] !== 0x2f || path.includes(0)) {
    throw new NaniteError('bad-path', `${text} is not an absolute path`, {
      status: 400,
      hint: 'give the whole path: /home/…',
    });
  }
  return path;
}

/** The collections of the index, and their copy in a file beside it. */
export class Collections {
  constructor(
    private readonly database: Database,
    private readonly backup: string,
  ) {}

  async list(): Promise<StoredCollection[]> {
    const rows = await this.database.all<{ id: number; name: string; options: string; paused: number }>(
      'SELECT id, name, options, paused FROM collections ORDER BY name',
    );
    const roots = await this.database.all<{ id: number; collection: number; path: Buffer }>(
      'SELECT id, collection, path FROM roots ORDER BY path',
    );
    return rows.map(({ id, name, options, paused }) => ({
      id,
      name,
      options: JSON.parse(options) as CollectionOptions,
      paused: paused === 1,
      roots: roots.filter(({ collection }) => collection === id).map(({ id, path }) => ({ id, path })),
    }));
  }

  /** @throws NaniteError `no-such-collection` 404 */
  async find(name: string): Promise<StoredCollection> {
    const found = (await this.list()).find((collection) => collection.name === name);
    if (found !== undefined) return found;
    throw new NaniteError('no-such-collection', `there is no collection ${name}`, { status: 404 });
  }

  /**
   * Make a collection, or change what the request names.
   *
   * @throws NaniteError `no-such-folder` 404, `bad-path` 400, `no-roots` 400 where a new one has no folder
   */
  async put(name: string, request: CollectionRequest): Promise<void> {
    const before = (await this.list()).find((collection) => collection.name === name);
    if (before === undefined && request.roots === undefined) {
      throw new NaniteError('no-roots', `there is no collection ${name}, and no folder to make it from`, {
        status: 400,
      });
    }
    const roots = request.roots === undefined ? null : await resolveRoots(request.roots);
    await this.write(name, { ...request, roots });
  }

  /** @throws NaniteError `no-such-folder` 404, `bad-path` 400 where one of these cannot be a folder of a collection */
  async check(roots: readonly string[]): Promise<void> {
    await resolveRoots(roots);
  }

  async remove(name: string): Promise<void> {
    const { id } = await this.find(name);
    await this.database.run('DELETE FROM collections WHERE id = ?', id);
    await this.save();
  }

  /**
   * Make again what the file beside the database names; folders that are not there now are kept for when they are.
   *
   * @returns how many
   */
  async restore(): Promise<number> {
    let text: string;
    try {
      text = readFileSync(this.backup, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    const kept = Backup.parse(JSON.parse(text));
    for (const { name, roots, ...options } of kept) {
      await this.write(name, { ...options, roots: roots.map(pathBytes) });
    }
    return kept.length;
  }

  private async write(
    name: string,
    request: Omit<CollectionRequest, 'roots'> & { roots: Buffer[] | null },
  ): Promise<void> {
    await this.database.transaction(async (within) => {
      const before = await within.get<{ id: number; options: string; paused: number }>(
        'SELECT id, options, paused FROM collections WHERE name = ?',
        name,
      );
      const known = before === undefined ? null : (JSON.parse(before.options) as CollectionOptions);
      const options = JSON.stringify({
        include: request.include ?? known?.include ?? [],
        exclude: request.exclude ?? known?.exclude ?? [],
        gitignore: request.gitignore ?? known?.gitignore ?? true,
      } satisfies CollectionOptions);
      const paused = Number(request.paused ?? before?.paused === 1);
      let id = before?.id;
      if (id === undefined) {
        const made = await within.run(
          'INSERT INTO collections (name, options, paused, created) VALUES (?, ?, ?, ?)',
          name,
          options,
          paused,
          new Date().toISOString(),
        );
        id = made.lastId;
      } else {
        await within.run('UPDATE collections SET options = ?, paused = ? WHERE id = ?', options, paused, id);
      }
      if (request.roots === null) return;
      // A folder that stays keeps its row, and with it its files.
      const rows = await within.all<StoredRoot>('SELECT id, path FROM roots WHERE collection = ?', id);
      for (const row of rows) {
        if (!request.roots.some((path) => path.equals(row.path))) {
          await within.run('DELETE FROM roots WHERE id = ?', row.id);
        }
      }
      for (const path of request.roots) {
        await within.run('INSERT OR IGNORE INTO roots (collection, path) VALUES (?, ?)', id, path);
      }
    });
    await this.save();
  }

  private async save(): Promise<void> {
    const kept = (await this.list()).map(({ name, options, paused, roots }) => ({
      name,
      roots: roots.map(({ path }) => pathText(path)),
      ...options,
      paused,
    }));
    writeAtomically(this.backup, `${JSON.stringify(kept, null, 2)}\n`, 0o600);
  }
}

/** Links resolved; a folder below another of them is left out, for the other brings it. */
async function resolveRoots(texts: readonly string[]): Promise<Buffer[]> {
  const paths: Buffer[] = [];
  for (const text of texts) {
    try {
      paths.push(await realpath(pathBytes(text), { encoding: 'buffer' }));
    } catch (cause) {
      if (cause instanceof NaniteError) throw cause;
      throw new NaniteError(
        'no-such-folder',
        `${text} does not exist, or you are not allowed to look there`,
        {
          status: 404,
          cause,
        },
      );
    }
  }
  const key = (path: Buffer) => `${path.toString('latin1').replace(/\/$/, '')}/`;
  return paths.filter(
    (path, at) =>
      !paths.some(
        (other, otherAt) => key(path).startsWith(key(other)) && (key(path) !== key(other) || otherAt < at),
      ),
  );
}
