import {
  FileAside,
  formatCitation,
  type Collection,
  type CollectionProgress,
  type FileAsideList,
} from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { pathText, type StoredCollection } from '../index/index';
import type { Service } from './service';
import type { View } from './view';

/** So many files that were set aside are listed; more help nobody. */
const mostAside = 500;

/** The collections that somebody may know of: whose folders they get to. */
async function visible({ collections }: Service, view: View): Promise<StoredCollection[]> {
  const all = await collections.list();
  if (await view.whole()) return all;
  const reached = await view.reached(all.flatMap(({ roots }) => roots.map(({ path }) => path)));
  let at = 0;
  return all
    .map((collection) => ({ ...collection, roots: collection.roots.filter(() => reached[at++]) }))
    .filter(({ roots }) => roots.length > 0);
}

async function describe(service: Service, view: View, collection: StoredCollection): Promise<Collection> {
  const { name, roots, options } = collection;
  const folders = roots.map(({ path }) => pathText(path));
  const progress = await service.indexer.progress(collection);
  if (await view.whole()) return { name, roots: folders, ...options, progress };
  // Patterns name files, and so can the reason of a stop.
  const { gitignore } = options;
  return { name, roots: folders, include: [], exclude: [], gitignore, progress: await theirs(service, view, collection, progress) }; // prettier-ignore
}

/** How far a collection is, as far as the files go that somebody may read. */
async function theirs(
  { database }: Service,
  view: View,
  { id }: StoredCollection,
  { state }: CollectionProgress,
): Promise<CollectionProgress> {
  const files = await view.files();
  const only = (column: string) =>
    files === null ? 'true' : `${column} IN (SELECT value FROM json_each(?))`;
  const values = files === null ? [id] : [id, JSON.stringify(files)];
  const states = await database.all<{ state: string; count: number }>(
    `SELECT state, count(*) AS count FROM files WHERE collection = ? AND ${only('id')} GROUP BY state`,
    ...values,
  );
  const chunks = await database.get<{ everything: number; embedded: number | null }>(
    `SELECT count(*) AS everything, sum(vector = 1) AS embedded FROM chunks WHERE collection = ? AND ${only('file')}`,
    ...values,
  );
  const counted = (which: string) => states.find((row) => row.state === which)?.count ?? 0;
  const [indexed, aside] = [counted('indexed'), counted('aside')];
  return {
    state,
    why: null,
    files: { found: indexed + aside, indexed, aside },
    chunks: { all: chunks?.everything ?? 0, embedded: chunks?.embedded ?? 0 },
    eta: null,
  };
}

export async function listCollections(service: Service, view: View): Promise<Collection[]> {
  const stored = await visible(service, view);
  return Promise.all(stored.map((collection) => describe(service, view, collection)));
}

/** @throws NaniteError `no-such-collection` 404: also where there is one that they may not know of */
export async function findCollection(service: Service, view: View, name: string): Promise<StoredCollection> {
  const there = await visible(service, view);
  const found = there.find((collection) => collection.name === name);
  if (found !== undefined) return found;
  throw new NaniteError('no-such-collection', `there is no collection ${name}`, {
    hint: `there are: ${there.map((each) => each.name).join(', ') || 'none'}`,
    status: 404,
  });
}

export async function oneCollection(service: Service, view: View, name: string): Promise<Collection> {
  return describe(service, view, await findCollection(service, view, name));
}

/** Tell the indexer what the collections are now. */
export async function collectionsChanged({ indexer, collections }: Service): Promise<void> {
  indexer.set(await collections.list());
}

export async function filesAside(service: Service, view: View, name: string): Promise<FileAsideList> {
  const { id } = await findCollection(service, view, name);
  const files = await view.files();
  const only = files === null ? 'true' : 'id IN (SELECT value FROM json_each(?))';
  const values = files === null ? [id] : [id, JSON.stringify(files)];
  const rows = await service.database.all<{ path: Buffer; type: string | null; reason: string | null }>(
    `SELECT path, type, reason FROM files WHERE collection = ? AND state = 'aside' AND ${only} ORDER BY path LIMIT ${mostAside}`,
    ...values,
  );
  const all = await view.whole();
  const counted = await service.database.get<{ count: number }>(
    `SELECT count(*) AS count FROM files WHERE collection = ? AND state = 'aside' AND ${all ? 'true' : only}`,
    ...(all ? [id] : values),
  );
  return {
    files: rows.map(({ path, type, reason }) =>
      FileAside.parse({
        path: path.toString(),
        uri: formatCitation({ path, place: { kind: 'whole' } }),
        type,
        reason: reason ?? 'it could not be read',
      }),
    ),
    more: Math.max(0, (counted?.count ?? 0) - rows.length),
  };
}
