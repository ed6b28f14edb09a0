import { lstatSync, readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { FoundFile, FoundModel } from './found';
import { groupParts, isProjector } from './gguf-parts';

/** Folders deeper than this are nobody's store of models. */
const deepest = 5;

/** What a folder below the one that was named holds; nothing where this person may not look. */
function entriesOf(folder: string, depth: number): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (depth > 0 && (error as NodeJS.ErrnoException).code === 'EACCES') return [];
    throw error;
  }
}

/** Files below a folder whose names end so; links to folders are not followed, closed folders are passed over. */
export function filesBelow(folder: string, ends: RegExp, depth = 0): string[] {
  if (depth > deepest) return [];
  return entriesOf(folder, depth)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path, ends, depth + 1);
      if (!ends.test(entry.name)) return [];
      return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
    });
}

/** A file of a model at a path, links followed. */
export function fileAt(path: string, role: FoundFile['role'], sha256: string | null = null): FoundFile {
  const real = lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  return { role, name: basename(path), path: real, size: statSync(real).size, sha256 };
}

/** A name for a model out of what a file or folder is called. */
export function nameOf(text: string): string {
  const plain = text
    .replaceAll(/[^\w./:-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+/, '')
    .toLowerCase();
  return plain === '' ? 'model' : plain;
}

function ggufModels(root: string, named: (stem: string, folder: string) => string): FoundModel[] {
  const all = filesBelow(root, /\.gguf$/i);
  return groupParts(all.filter((path) => !isProjector(path))).map(({ stem, paths }) => {
    const folder = dirname(paths[0] ?? root);
    const projectors = all.filter((path) => isProjector(path) && dirname(path) === folder);
    return {
      name: nameOf(named(stem, relative(root, folder))),
      source: `file://${paths[0]}`,
      files: [
        ...paths.map((path) => fileAt(path, 'weights')),
        // Of several projectors (F16, F32) one is enough.
        ...projectors.slice(0, 1).map((path) => fileAt(path, 'projector')),
      ],
      texts: {},
    };
  });
}

const onnxTexts: Record<string, FoundFile['role']> = {
  'tokenizer.json': 'tokenizer',
  'tokenizer_config.json': 'tokenizer-config',
  'config.json': 'config',
};

/** Folders that hold an ONNX model with its tokenizer. */
function onnxModels(root: string): FoundModel[] {
  return filesBelow(root, /^tokenizer\.json$/).flatMap((tokenizer): FoundModel[] => {
    const folder = dirname(tokenizer);
    const [weights] = filesBelow(folder, /\.onnx$/, deepest - 1);
    if (weights === undefined) return [];
    const texts = readdirSync(folder).filter((name) => onnxTexts[name] !== undefined);
    return [
      {
        name: nameOf(basename(folder)),
        source: `file://${folder}`,
        files: [
          fileAt(weights, 'weights'),
          ...texts.map((name) => fileAt(join(folder, name), onnxTexts[name] ?? 'config')),
        ],
        texts: {},
      },
    ];
  });
}

/** A plain folder: each GGUF (all parts of a split one together) and each ONNX model with a tokenizer. */
export const scanFolder = (root: string): FoundModel[] => [
  ...ggufModels(root, (stem) => stem),
  ...onnxModels(root),
];

/** LM Studio: publisher/repository/file.gguf below ~/.lmstudio/models. */
export const scanLmStudio = (root: string): FoundModel[] =>
  ggufModels(root, (stem, folder) => {
    const [publisher, repository] = folder.split('/');
    return publisher && repository ? `${publisher}/${repository}:${stem}` : stem;
  });

/**
 * llama.cpp's cache (~/.cache/llama.cpp): files of `llama-server -hf`, named owner_repository_file. What separates
 * repository and file is not written down, so the name stays as it is.
 */
export const scanLlamaCpp = (root: string): FoundModel[] => ggufModels(root, (stem) => stem);
