import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImportRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { scanExport } from './export';
import type { FoundModel, StoreKind } from './found';
import { scanHuggingFace } from './huggingface';
import { scanFolder, scanLlamaCpp, scanLmStudio } from './loose';
import { scanOllama } from './ollama';

const scanners: Record<StoreKind, (folder: string) => FoundModel[]> = {
  export: scanExport,
  ollama: scanOllama,
  'lm-studio': scanLmStudio,
  'llama.cpp': scanLlamaCpp,
  huggingface: scanHuggingFace,
  folder: scanFolder,
};

/** Which program's store a folder is, by how it is laid out. */
export function kindOf(folder: string): StoreKind {
  const names = readdirSync(folder);
  if (names.includes('SHA256SUMS') && names.some((name) => existsSync(join(folder, name, 'manifest.json')))) {
    return 'export';
  }
  if (names.includes('manifests') && names.includes('blobs')) return 'ollama';
  if (names.some((name) => name.startsWith('models--'))) return 'huggingface';
  if (basename(folder) === 'llama.cpp' || names.some((name) => name.startsWith('manifest=')))
    return 'llama.cpp';
  const isStudio = /\/\.?lm-?studio\b/i.test(folder) && !names.some((name) => name.endsWith('.gguf'));
  return isStudio ? 'lm-studio' : 'folder';
}

/**
 * The models in a folder.
 *
 * @param only names to keep; null: all
 * @throws NaniteError `unreadable` 403, `no-folder`, `model-not-found` 404, `bad-store` 422
 */
export function scan(
  folder: string,
  kind: ImportRequest['kind'],
  only: readonly string[] | null,
): { kind: StoreKind; models: FoundModel[] } {
  try {
    if (!statSync(folder).isDirectory()) {
      throw new NaniteError('no-folder', `${folder} is not a folder`, {
        hint: 'a single file: nanite models pull ./model.gguf',
        status: 400,
      });
    }
    const which = kind === 'auto' ? kindOf(folder) : kind;
    const models = scanners[which](folder);
    if (only === null) return { kind: which, models };
    const missing = only.find((name) => !models.some((model) => model.name === name));
    if (missing === undefined) {
      return { kind: which, models: models.filter(({ name }) => only.includes(name)) };
    }
    throw new NaniteError('model-not-found', `${folder} has no model ${missing}`, {
      hint: `it has: ${models.map(({ name }) => name).join(', ') || 'none'}`,
      status: 404,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new NaniteError('unreadable', `${folder} cannot be read`, { status: 403, cause: error });
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NaniteError('no-folder', `there is no folder ${folder}`, { status: 404, cause: error });
    }
    throw error;
  }
}
