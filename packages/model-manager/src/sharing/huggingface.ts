import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { FoundFile, FoundModel } from './found';
import { groupParts, isProjector, quantisationIn } from './gguf-parts';
import { fileAt, filesBelow, scanFolder } from './loose';

/**
 * The digest that the cache's name for a file is: large files are named by their sha256, small ones by git's sha1
 * (huggingface_hub, "Understand caching").
 */
function digestOf(link: string): string | null {
  try {
    const name = basename(readlinkSync(link));
    return /^[0-9a-f]{64}$/.test(name) ? name : null;
  } catch {
    return null;
  }
}

const withDigest = (path: string, role: FoundFile['role']): FoundFile => ({
  ...fileAt(path, role, digestOf(path)),
  name: basename(path),
});

/**
 * The GGUF and ONNX models in a Hugging Face cache (~/.cache/huggingface/hub): models--owner--name/snapshots/revision
 * with links into blobs/. Of several revisions the one that `main` means, else the newest name.
 */
export function scanHuggingFace(root: string): FoundModel[] {
  return readdirSync(root)
    .filter((name) => name.startsWith('models--'))
    .flatMap((name) => {
      const repository = name.slice('models--'.length).replaceAll('--', '/');
      const snapshots = join(root, name, 'snapshots');
      if (!existsSync(snapshots)) return [];
      return readdirSync(snapshots).flatMap((revision) =>
        modelsOf(join(snapshots, revision), repository, revision),
      );
    })
    .filter((model, i, all) => all.findIndex((other) => other.name === model.name) === i);
}

function modelsOf(snapshot: string, repository: string, revision: string): FoundModel[] {
  const all = filesBelow(snapshot, /\.gguf$/i);
  const projector = all.find(isProjector);
  const gguf = groupParts(all.filter((path) => !isProjector(path))).map(({ stem, paths }): FoundModel => {
    const first = relative(snapshot, paths[0] ?? snapshot);
    return {
      name: `hf.co/${repository}:${quantisationIn(stem) ?? stem}`,
      source: `hf://${repository}@${revision}:${first}`,
      files: [
        ...paths.map((path) => withDigest(path, 'weights')),
        ...(projector !== undefined && dirname(projector) === dirname(paths[0] ?? '')
          ? [withDigest(projector, 'projector')]
          : []),
      ],
      texts: {},
    };
  });
  if (gguf.length > 0) return gguf;
  return scanFolder(snapshot).map((model) => ({
    ...model,
    name: `hf.co/${repository}`,
    source: `hf://${repository}@${revision}`,
  }));
}
