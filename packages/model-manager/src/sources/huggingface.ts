import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { HubApiError, listFiles, modelInfo, type ListFileEntry } from '@huggingface/hub';
import { NaniteError } from '@nanite/kit';
import { httpClient, type HttpClient } from '../http/client';
import { requestFailed } from '../http/failure';
import { fetchSmall } from '../http/small';
import type { HuggingFaceReference } from '../references/reference';
import { refusalOf, roleOf, uniqueNames } from './file-role';
import { chooseGguf, groupGguf } from './gguf-files';
import { spdxOf } from './licence';
import { chooseOnnx } from './onnx-files';
import type { ResolvedFile, ResolvedModel } from './resolved';

/** As huggingface_hub reads it: a mirror or an own hub. */
const hubUrl = (): string => (process.env['HF_ENDPOINT'] ?? 'https://huggingface.co').replace(/\/+$/, '');

/** Files kept in git itself (tokenizers, configurations) are at most so large; the hub puts more into LFS. */
const gitFileLimit = 32 * 2 ** 20;

/**
 * A model of the Hugging Face hub at one commit: GGUF (whole or split) or ONNX with its tokenizer.
 *
 * Every file's sha256 is known before it is fetched: LFS names it, and what lies in git itself is small enough to be
 * read here and held against git's own hash. Only a commit in the reference pins the content, a branch moves.
 *
 * @param token for gated and private repositories; it is sent to the hub and never to where the hub redirects
 * @throws NaniteError `model-not-found` 404, `gated` 403, `no-weights`, `refused-format`, `ambiguous` 422,
 *   `source-unreachable`, `source-refused` 502
 */
export async function resolveHuggingFace(
  reference: HuggingFaceReference,
  { insecure, signal, token }: { insecure: boolean; signal: AbortSignal; token?: string },
): Promise<ResolvedModel> {
  const client = httpClient(insecure);
  const hub = hubUrl();
  const accessToken = token ?? process.env['HF_TOKEN'];
  const request = {
    hubUrl: hub,
    fetch: ((input: string, init?: RequestInit) => client.fetch(input, { ...init, signal })) as typeof fetch,
    ...(accessToken === undefined ? {} : { accessToken }),
  };
  const { repository } = reference;
  let entries: ListFileEntry[];
  let commit: string;
  let tags: string[];
  try {
    const info = await modelInfo({
      name: repository,
      additionalFields: ['sha', 'tags'],
      revision: reference.revision ?? 'main',
      ...request,
    });
    commit = info.sha;
    tags = info.tags ?? [];
    entries = [];
    // One commit for the list and the files, so that a push in between cannot mix two states.
    const all = listFiles({
      repo: { type: 'model', name: repository },
      recursive: true,
      revision: commit,
      ...request,
    });
    for await (const entry of all) if (entry.type === 'file') entries.push(entry);
  } catch (error) {
    signal.throwIfAborted();
    throw hubFailed(error, reference, hub, accessToken !== undefined);
  }

  const chosen = choose(reference, entries);
  const headers: Record<string, string> =
    accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const urlOf = (path: string): string =>
    `${hub}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  const files: ResolvedFile[] = [];
  for (const { entry, role } of chosen.files) {
    const url = urlOf(entry.path);
    files.push({
      role,
      name: basename(entry.path),
      size: entry.lfs?.size ?? entry.size,
      sha256: entry.lfs?.oid ?? (await sha256OfGitFile(client, url, headers, entry, signal)),
      locate: () => Promise.resolve({ url, headers, insecure }),
    });
  }
  const licence = tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length);
  const isCommit = reference.revision !== null && commit.startsWith(reference.revision.toLowerCase());
  return {
    name: `hf.co/${repository}:${chosen.tag}`,
    source: `hf://${repository}@${commit}:${chosen.files[0]?.entry.path ?? ''}`,
    pinned: files.every(({ sha256 }) => sha256 !== null),
    trust: isCommit ? 'reference' : hub.startsWith('https:') ? 'source' : 'first-use',
    files: uniqueNames(files),
    hints: licence === undefined ? {} : { licence: spdxOf(licence) },
  };
}

interface Choice {
  tag: string;
  /** The first is the weights that the tag names. */
  files: Array<{ entry: ListFileEntry; role: ResolvedFile['role'] }>;
}

function choose(reference: HuggingFaceReference, entries: ListFileEntry[]): Choice {
  const { repository, file, quantisation } = reference;
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const paths = [...byPath.keys()].sort();
  const take = (wanted: string[]): Choice['files'] =>
    wanted.flatMap((path) => {
      const entry = byPath.get(path);
      return entry === undefined ? [] : [{ entry, role: roleOf(path) ?? ('weights' as const) }];
    });
  const fail = (code: string, message: string, hint?: string): NaniteError =>
    new NaniteError(code, message, { status: 422, ...(hint === undefined ? {} : { hint }) });

  if (file !== null) {
    const refusal = refusalOf(file);
    if (refusal !== null) throw fail('refused-format', `${file}: ${refusal}`);
    if (!byPath.has(file)) {
      throw new NaniteError('model-not-found', `${repository} has no file ${file}`, {
        status: 404,
        hint: `it has ${some(paths.filter((path) => roleOf(path) === 'weights'))}`,
      });
    }
  }
  const gguf = groupGguf(paths);
  const onnx = paths.filter((path) => path.endsWith('.onnx'));
  const groups =
    file === null ? chooseGguf(gguf, quantisation) : gguf.filter(({ paths: all }) => all.includes(file));
  const [group, ...others] = groups;
  if (group !== undefined) {
    if (others.length > 0) {
      throw fail(
        'ambiguous',
        `${repository} has several files for ${quantisation ?? 'that'}`,
        `name one: ${some(groups.map(({ paths: [first] }) => `hf://${repository}:${first}`))}`,
      );
    }
    if (group.paths.length !== group.count) {
      throw fail(
        'incomplete',
        `${repository} has ${group.paths.length} of the ${group.count} parts of ${basename(group.stem)}`,
      );
    }
    return {
      tag: group.quantisation ?? 'latest',
      files: [...take(group.paths), ...take(projectorFor(paths))],
    };
  }
  const model = file ?? chooseOnnx(onnx, quantisation);
  if (model !== null && model.endsWith('.onnx')) {
    const data = paths.filter((path) => path.startsWith(`${model}_data`) || path === `${model}.data`);
    const beside = ['tokenizer.json', 'tokenizer_config.json', 'config.json'].flatMap((name) => {
      const near = `${dirname(model)}/${name}`;
      return byPath.has(near) ? [near] : byPath.has(name) ? [name] : [];
    });
    const variant = /_(\w+)\.onnx$/.exec(model)?.[1];
    return { tag: variant ?? 'latest', files: take([model, ...data, ...beside]) };
  }
  if (quantisation !== null && (gguf.length > 0 || onnx.length > 0)) {
    throw new NaniteError('model-not-found', `${repository} has no ${quantisation}`, {
      status: 404,
      hint: `it has ${some([...gguf.flatMap((one) => one.quantisation ?? []), ...onnx])}`,
    });
  }
  const refused = paths.find((path) => refusalOf(path) !== null);
  if (refused !== undefined) {
    throw fail(
      'refused-format',
      `${repository} cannot run here: ${refused}: ${refusalOf(refused)}`,
      `look for a repository with the same model as GGUF, such as hf://…/${basename(repository)}-GGUF`,
    );
  }
  throw fail('no-weights', `${repository} holds no weights that an engine here runs`);
}

/** The eyes or ears of a model; half precision where there are several, as llama.cpp's own download takes. */
function projectorFor(paths: string[]): string[] {
  const all = paths.filter((path) => roleOf(path) === 'projector');
  const best = all.find((path) => /[-_.]f16/i.test(path)) ?? all[0];
  return best === undefined ? [] : [best];
}

const some = (names: string[]): string =>
  names.length === 0
    ? 'none'
    : `${names.slice(0, 12).join(', ')}${names.length > 12 ? ` and ${names.length - 12} more` : ''}`;

/**
 * The digest of a file that lies in git itself. The hub gives only git's hash of it, so the file is read and checked
 * against that: SHA-1 of `blob <length>\0` and the content (git-hash-object).
 */
async function sha256OfGitFile(
  client: HttpClient,
  url: string,
  headers: Record<string, string>,
  entry: ListFileEntry,
  signal: AbortSignal,
): Promise<string | null> {
  if (entry.oid === undefined || entry.size > gitFileLimit) return null;
  const { status, body } = await fetchSmall(client, url, { headers, limit: gitFileLimit, signal });
  if (status !== 200) {
    throw new NaniteError('source-refused', `the hub answered ${status} for ${entry.path}`, { status: 502 });
  }
  const oid = createHash('sha1').update(`blob ${body.length}\0`).update(body).digest('hex');
  if (oid !== entry.oid) {
    throw new NaniteError(
      'digest-mismatch',
      `${entry.path} is not what the commit says: git calls it ${oid} instead of ${entry.oid}`,
      { status: 422, hint: 'the hub, or something on the way, has altered it' },
    );
  }
  return createHash('sha256').update(body).digest('hex');
}

function hubFailed(error: unknown, reference: HuggingFaceReference, hub: string, hasToken: boolean): unknown {
  if (!(error instanceof HubApiError)) return requestFailed(error, hub);
  const { repository, revision } = reference;
  switch (error.statusCode) {
    case 401:
    case 403:
      // The hub answers so for what is not there as well, lest names of private repositories be found out.
      return new NaniteError(
        'gated',
        `the hub does not give ${repository} to anonymous users, or does not have it`,
        {
          status: 403,
          hint: hasToken
            ? `the token is not allowed to read it: accept its licence at ${hub}/${repository}, or check the name`
            : `check the name; if it is gated, accept its licence at ${hub}/${repository} and give a token (HF_TOKEN)`,
          cause: error,
        },
      );
    case 404:
      return new NaniteError(
        'model-not-found',
        `the hub has no ${repository}${revision === null ? '' : ` at ${revision}`}`,
        { status: 404, hint: 'check the name and the revision', cause: error },
      );
    default:
      return new NaniteError('source-refused', `the hub answered ${error.statusCode} for ${repository}`, {
        status: 502,
        hint: 'try again later',
        cause: error,
      });
  }
}
