import { basename } from 'node:path';

const part = /^(?<stem>.*)-(?<index>\d{5})-of-(?<count>\d{5})\.gguf$/i;

/**
 * GGUF files of one folder, each with all its parts: llama.cpp finds the others by the name of the first
 * (`gguf-split` names them `stem-00001-of-00003.gguf`). A split of which parts are missing is left out.
 */
export function groupParts(paths: readonly string[]): Array<{ stem: string; paths: string[] }> {
  const groups = new Map<string, { stem: string; count: number; paths: string[] }>();
  for (const path of [...paths].sort()) {
    const match = part.exec(basename(path))?.groups;
    const stem = match?.['stem'] ?? basename(path).replace(/\.gguf$/i, '');
    const count = Number(match?.['count'] ?? 1);
    const key = match === undefined ? path : `${path.slice(0, -basename(path).length)}${stem}/${count}`;
    const group = groups.get(key) ?? { stem, count, paths: [] };
    group.paths.push(path);
    groups.set(key, group);
  }
  return [...groups.values()].filter(({ count, paths: found }) => found.length === count);
}

/** `Q4_K_M` in `Model-7B.Q4_K_M`; null where a name says none. */
export function quantisationIn(name: string): string | null {
  return /(?:^|[-_.])((?:I?Q\d\w*|F16|BF16|F32|MXFP4))(?:$|[-_.])/i.exec(name)?.[1]?.toUpperCase() ?? null;
}

/** A multimodal projector, by the name that llama.cpp and LM Studio know it by. */
export const isProjector = (path: string): boolean => /^mmproj/i.test(basename(path));
