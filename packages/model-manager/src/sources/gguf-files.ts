import { basename } from 'node:path';

const shardForm = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/** GGUF files that make one model: a file by itself, or all shards of one split by llama.cpp's gguf-split. */
export interface GgufGroup {
  /** Path without shard number and `.gguf`. */
  stem: string;
  /** As the file name says it, upper case: `Q4_K_M`; null where it says nothing. */
  quantisation: string | null;
  /** In order. */
  paths: string[];
  /** How many shards their names say there are; 1 for a file by itself. */
  count: number;
}

/** Quantisation names of llama.cpp, with the prefix of Unsloth's dynamic ones. */
const quantisationForm =
  /(?:^|[-._/])((?:UD-)?(?:I?Q\d(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|FP?16|FP?32))$/i;

export function groupGguf(paths: readonly string[]): GgufGroup[] {
  const groups = new Map<string, GgufGroup>();
  for (const path of [...paths].sort()) {
    if (!/\.gguf$/i.test(path)) continue;
    const shard = shardForm.exec(path);
    const stem = shard?.[1] ?? path.replace(/\.gguf$/i, '');
    const count = Number(shard?.[3] ?? 1);
    const key = `${stem} ${count}`;
    const group = groups.get(key) ?? {
      stem,
      quantisation: quantisationForm.exec(stem)?.[1]?.toUpperCase() ?? null,
      paths: [],
      count,
    };
    group.paths.push(path);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** All shards that belong to a file beside it; null if it is not a shard, or some are missing. */
export function shardsOf(name: string, beside: readonly string[]): string[] | null {
  const shard = shardForm.exec(name);
  if (shard === null) return null;
  const group = groupGguf(beside).find(({ paths }) => paths.includes(name));
  return group !== undefined && group.paths.length === group.count ? group.paths : null;
}

/** What Ollama and llama.cpp take when nothing is said, and what comes nearest to it. */
const preferred = [
  'Q4_K_M',
  'UD-Q4_K_XL',
  'Q4_0',
  'Q4_K_S',
  'Q4_1',
  'IQ4_XS',
  'IQ4_NL',
  'Q5_K_M',
  'Q8_0',
  'MXFP4',
];

/**
 * The group that a quantisation means; without one, Q4_K_M or the nearest to it.
 *
 * @returns one group; or the several that it could mean; none if nothing fits
 */
export function chooseGguf(groups: readonly GgufGroup[], quantisation: string | null): GgufGroup[] {
  const ofModel = groups.filter(({ stem }) => !/(?:^|[-_.])(?:mmproj|imatrix)/i.test(basename(stem)));
  if (quantisation !== null) {
    const wanted = quantisation.toUpperCase();
    const exact = ofModel.filter((group) => group.quantisation === wanted);
    if (exact.length > 0) return exact;
    return ofModel.filter(({ stem }) => {
      const upper = basename(stem).toUpperCase();
      return (
        upper === wanted ||
        upper.endsWith(`-${wanted}`) ||
        upper.endsWith(`.${wanted}`) ||
        upper.endsWith(`_${wanted}`)
      );
    });
  }
  for (const one of preferred) {
    const fits = ofModel.filter((group) => group.quantisation === one);
    if (fits.length > 0) return fits;
  }
  return ofModel.slice(0, 1);
}
