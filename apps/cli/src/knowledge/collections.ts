import { accessSync, constants, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Collection, CollectionRequest, FileAsideList, KnowledgeStatus } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { exitStatus } from '../exit-status';
import { paint } from '../terminal/paint';
import { PassingLine } from '../terminal/passing-line';
import { sanitise } from '../terminal/sanitise';
import { table } from '../terminal/table';
import { print } from '../terminal/print';
import { wrapped } from '../terminal/wrapped';
import { shortPath } from './path';
import { hasTeam, knowledge, toldOfKnowledge } from './service';

interface Json {
  json?: boolean;
  /** Of what the team shares. */
  team?: boolean;
}

export interface AddOptions extends Json {
  name?: string;
  include: string[];
  exclude: string[];
  gitignore: boolean;
  wait?: boolean;
}

/** `nanite knowledge add`: make a collection of folders, or add folders to one. */
export const addFolders = (folders: string[], options: AddOptions): Promise<number> =>
  toldOfKnowledge(options.json ?? false, async () => {
    const roots = folders.map((folder) => checkedFolder(folder, options.team === true));
    const client = knowledge(options.team);
    const name = options.name ?? basename(roots[0]!);
    const before = (await client.collections()).collections.find((one) => one.name === name);
    const request: CollectionRequest = {
      roots: [...new Set([...(before?.roots ?? []), ...roots])],
      ...(options.include.length > 0 && { include: [...(before?.include ?? []), ...options.include] }),
      ...(options.exclude.length > 0 && { exclude: [...(before?.exclude ?? []), ...options.exclude] }),
      ...(!options.gitignore && { gitignore: false }),
    };
    let collection = await client.put(name, request);
    const waits = options.wait ?? process.stderr.isTTY === true;
    if (waits) collection = await watchProgress(collection, options.team);
    return print(collection, options.json ?? false, () => `${addedText(collection, options.team)}\n`);
  });

/**
 * @param shared the team's service reads it, which may read more than this person
 * @throws NaniteError `bad-file`
 */
function checkedFolder(folder: string, shared: boolean): string {
  const path = resolve(folder);
  let kind: ReturnType<typeof statSync>;
  try {
    kind = statSync(path);
    if (!shared) accessSync(path, constants.R_OK | (kind.isDirectory() ? constants.X_OK : 0));
  } catch (cause) {
    const denied = ['EACCES', 'EPERM'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw new NaniteError('bad-file', `${folder} cannot be added`, {
      cause,
      ...(denied && { hint: 'only what you may read yourself can be searched' }),
    });
  }
  if (kind.isDirectory() || kind.isFile()) return path;
  throw new NaniteError('bad-file', `${folder} is neither a folder nor a file`);
}

const busy = new Set(['scanning', 'indexing', 'embedding']);

/** Show how far a collection is until it is ready, waits or stopped. Ctrl-C ends the looking on, not the indexing. */
export async function watchProgress(first: Collection, team?: boolean): Promise<Collection> {
  const line = new PassingLine();
  let collection = first;
  let left = false;
  const leave = (): void => void (left = true);
  process.once('SIGINT', leave);
  try {
    while (!left && busy.has(collection.progress.state)) {
      line.show(progressText(collection));
      await new Promise((next) => setTimeout(next, 300));
      collection = await knowledge(team).collection(collection.name);
    }
  } finally {
    process.off('SIGINT', leave);
    line.clear();
  }
  return collection;
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

function progressText({ name, progress }: Collection): string {
  const { state, files, chunks, eta } = progress;
  const left =
    eta === null ? '' : `, ${eta < 90 ? `${Math.ceil(eta)} s` : `${Math.ceil(eta / 60)} min`} left`;
  if (state === 'scanning') return `${name}: ${counted(files.found, 'file')} found …`;
  if (state === 'indexing')
    return `${name}: ${files.indexed + files.aside} of ${counted(files.found, 'file')} read${left}`;
  return `${name}: ${chunks.embedded} of ${counted(chunks.all, 'passage')} indexed by meaning${left}`;
}

export function addedText({ name, progress }: Collection, team = false): string {
  const { files, chunks, state, why } = progress;
  const aside =
    files.aside > 0
      ? `, ${counted(files.aside, 'file')} skipped (nanite knowledge show ${team ? '--team ' : ''}${quoted(name)})`
      : '';
  const open = busy.has(state) ? '; the rest is indexed in the background' : '';
  const because = why === null ? '' : `\n${state}: ${why}`;
  return `${name}: ${counted(files.indexed, 'file')}, ${counted(chunks.all, 'passage')}${aside}${open}${because}`;
}

const quoted = (name: string) => (/^[\w.-]+$/.test(name) ? name : `"${name}"`);

/** `nanite knowledge list` */
export const listCollections = ({ json = false, team }: Json): Promise<number> =>
  toldOfKnowledge(json, async () => {
    const status = await knowledge(team).status();
    if (team === true || !hasTeam()) return print(status, json, () => statusText(status));
    const shared = await knowledge(true)
      .status()
      // What one has oneself is worth seeing without it.
      .catch(() => null);
    return print({ ...status, team: shared }, json, () => `${statusText(status)}${sharedText(shared)}`);
  });

function sharedText(shared: KnowledgeStatus | null): string {
  const { bold, yellow } = paint(process.stdout);
  if (shared === null) return `\n${yellow('The service of the shared collections does not answer.')}\n`;
  return shared.collections.length === 0 ? '' : `\n${bold('Shared on this machine')}\n${statusText(shared)}`;
}

function statusText({ collections, dense, rerank, watch }: KnowledgeStatus): string {
  const { dim, yellow, green } = paint(process.stdout);
  if (collections.length === 0) return 'No collections yet. Make one: nanite knowledge add ~/Documents\n';
  const rows = collections.map(({ name, roots, progress }) => [
    sanitise(name),
    progress.state === 'ready' ? green('ready') : yellow(progress.state),
    `${progress.files.indexed}`,
    `${progress.chunks.all}`,
    progress.chunks.all === 0
      ? '-'
      : `${Math.floor((100 * progress.chunks.embedded) / progress.chunks.all)} %`,
    roots.map((root) => sanitise(shortPath(root))).join(', '),
  ]);
  const notes = [
    ...(dense.down === null ? [] : [`Not searched by meaning: ${dense.down}.`]),
    ...(rerank.model === null ? [] : [`Results are put in order by ${rerank.model}.`]),
    ...(watch.degraded === null
      ? []
      : [`Folders are read from time to time instead of being watched: ${watch.degraded}.`]),
    ...collections.flatMap(({ name, progress }) =>
      progress.why === null ? [] : [`${name}: ${progress.why}.`],
    ),
  ];
  const head = ['NAME', 'STATE', 'FILES', 'PASSAGES', 'MEANING', 'FOLDERS'];
  return table(rows, { head }) + notes.map((note) => `${dim(wrapped(note, process.stdout))}\n`).join('');
}

/** `nanite knowledge show` */
export const showCollection = (name: string, { json = false, team }: Json): Promise<number> =>
  toldOfKnowledge(json, async () => {
    const client = knowledge(team);
    const [collection, aside] = [await client.collection(name), await client.aside(name)];
    return print({ ...collection, aside }, json, () => collectionText(collection, aside));
  });

function collectionText(collection: Collection, aside: FileAsideList): string {
  const { bold, dim } = paint(process.stdout);
  const { progress } = collection;
  const rows: Array<[string, string]> = [
    ['name', collection.name],
    ['folders', collection.roots.join('\n')],
    ...(collection.include.length > 0 ? [['only', collection.include.join(', ')] as [string, string]] : []),
    ...(collection.exclude.length > 0
      ? [['without', collection.exclude.join(', ')] as [string, string]]
      : []),
    ['.gitignore', collection.gitignore ? 'respected' : 'ignored'],
    ['state', progress.why === null ? progress.state : `${progress.state}: ${progress.why}`],
    ['files', `${progress.files.indexed} of ${progress.files.found}`],
    ['passages', `${progress.chunks.all}, ${progress.chunks.embedded} of them searched by meaning`],
  ];
  const lines = table(
    rows.flatMap(([key, value]) =>
      value.split('\n').map((part, at) => [at === 0 ? bold(key) : '', sanitise(part)]),
    ),
  );
  if (aside.files.length === 0) return lines;
  const files = aside.files
    .map(({ path, reason }) => `  ${sanitise(shortPath(path))}: ${sanitise(reason)}\n`)
    .join('');
  const more = aside.more > 0 ? dim(`  and ${aside.more} more\n`) : '';
  return `${lines}\n${bold('skipped')}\n${files}${more}`;
}

/** `nanite knowledge remove`: the index goes, the files stay. */
export const removeCollections = (names: string[], { json = false, team }: Json): Promise<number> =>
  toldOfKnowledge(json, async () => {
    for (const name of names) await knowledge(team).remove(name);
    return print({ removed: names }, json, () =>
      names.map((name) => `${name} removed; its files stay\n`).join(''),
    );
  });

/** `nanite knowledge pause`, `resume` */
export const pauseCollections = (
  names: string[],
  paused: boolean,
  { json = false, team }: Json,
): Promise<number> =>
  toldOfKnowledge(json, async () => {
    const client = knowledge(team);
    const which = names.length > 0 ? names : (await client.collections()).collections.map(({ name }) => name);
    const changed: Collection[] = [];
    for (const name of which) changed.push(await client.put(name, { paused }));
    return print({ collections: changed }, json, () =>
      which
        .map(
          (name) => `${name} ${paused ? 'is paused: it is searched, but not kept up to date' : 'goes on'}\n`,
        )
        .join(''),
    );
  });

/** `nanite knowledge scan` */
export const scanCollection = (name: string, options: Json & { wait?: boolean }): Promise<number> =>
  toldOfKnowledge(options.json ?? false, async () => {
    let collection = await knowledge(options.team).scan(name);
    if (options.wait ?? true) collection = await watchProgress(collection, options.team);
    print(collection, options.json ?? false, () => `${addedText(collection, options.team)}\n`);
    return collection.progress.state === 'stopped' ? exitStatus.error : exitStatus.ok;
  });
