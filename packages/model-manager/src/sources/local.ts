import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Reference } from '../references/reference';
import { refusalOf, roleOf, uniqueNames } from './file-role';
import { shardsOf } from './gguf-files';
import type { ResolvedFile, ResolvedModel } from './resolved';
import { nameOf } from './url';

/**
 * A file or a folder of this machine. A folder that Nanite exported brings its manifest, whose digests are then held
 * to; of any other, files are taken by their names. A shard of a split GGUF brings the others beside it.
 *
 * @throws NaniteError `not-found` 404, `no-weights`, `refused-format` 422
 */
export async function resolvePath({ path }: Extract<Reference, { kind: 'path' }>): Promise<ResolvedModel> {
  const at = resolve(path);
  const found = await stat(at).catch((error: unknown) => {
    throw new NaniteError('not-found', `${at} does not exist, or cannot be read`, {
      status: 404,
      cause: error,
    });
  });
  const folder = found.isDirectory() ? at : dirname(at);
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort();
  if (found.isDirectory() && names.includes('manifest.json')) {
    const exported = ModelManifest.safeParse(JSON.parse(await readFile(join(at, 'manifest.json'), 'utf8')));
    if (exported.success) return fromManifest(at, exported.data);
  }
  const chosen = found.isDirectory()
    ? names.filter((name) => roleOf(name) !== null)
    : (shardsOf(basename(at), names) ?? [basename(at)]);
  const refusal = (found.isDirectory() ? names : chosen).map(refusalOf).find((one) => one !== null);
  const files: ResolvedFile[] = [];
  for (const name of chosen) {
    if (refusalOf(name) === null)
      files.push(await fileAt(join(folder, name), roleOf(name) ?? 'weights', null));
  }
  if (!files.some(({ role }) => role === 'weights')) {
    throw new NaniteError(
      refusal === undefined ? 'no-weights' : 'refused-format',
      `${at} holds no weights that an engine here runs${refusal === undefined ? '' : `: ${refusal}`}`,
      { status: 422, hint: 'name a .gguf file, or a folder with .onnx and tokenizer.json' },
    );
  }
  return {
    name: nameOf(found.isDirectory() ? basename(at) : (chosen[0] ?? basename(at))),
    source: `file://${at}`,
    pinned: false,
    trust: 'first-use',
    files: uniqueNames(files),
    hints: {},
  };
}

async function fromManifest(folder: string, manifest: ModelManifest): Promise<ResolvedModel> {
  const files: ResolvedFile[] = [];
  for (const { role, path, sha256 } of manifest.files) {
    const at = resolve(folder, path);
    if (!at.startsWith(`${folder}/`)) {
      throw new NaniteError('bad-manifest', `the manifest in ${folder} names a file outside it: ${path}`, {
        status: 422,
      });
    }
    files.push(await fileAt(at, role, sha256));
  }
  const { description, licence, parameters, system, capabilities, contextLength } = manifest;
  return {
    name: manifest.name,
    source: manifest.source,
    pinned: true,
    // Whoever wrote the folder wrote its digests too.
    trust: 'source',
    files,
    hints: {
      description,
      licence,
      parameters,
      capabilities,
      contextLength,
      ...(system === null ? {} : { system }),
    },
  };
}

async function fileAt(
  path: string,
  role: ResolvedFile['role'],
  sha256: string | null,
): Promise<ResolvedFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw new NaniteError('not-found', `${path} does not exist, or cannot be read`, {
      status: 404,
      cause: error,
    });
  });
  return {
    role,
    name: basename(path),
    size: found.size,
    sha256,
    path,
    locate: () =>
      Promise.reject(new NaniteError('bad-request', `${path} is a file of this machine`, { status: 400 })),
  };
}
