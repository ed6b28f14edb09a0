import { readdirSync } from 'node:fs';

/**
 * The CPU variants for x86-64 that nanite-llama has, the most demanding first (ggml/src/CMakeLists.txt and ADR 133). Where two
 * need the same, the one of the newer processor comes first.
 */
const descending = [
  'sapphirerapids',
  'cooperlake',
  'cascadelake',
  'skylakex',
  'alderlake',
  'haswell',
  'piledriver',
  'ivybridge',
  'sandybridge',
  'sse42',
  'x64',
];

/** Names of the CPU variants in llama.cpp's folder, as GGML_SKIP_BACKENDS takes them: `cpu-haswell`. */
export function installedVariants(folder: string): string[] {
  const names = readdirSync(folder).flatMap((file) => /^libggml-(cpu-.+)\.so$/.exec(file)?.[1] ?? []);
  return names.sort((a, b) => rank(a) - rank(b));
}

function rank(name: string): number {
  const at = descending.indexOf(name.replace(/^cpu-/, ''));
  return at === -1 ? descending.length : at;
}

/** The CPU variant in the output of `llama-server --list-backends`; null where there is none. */
export function loadedVariant(output: string): string | null {
  return /^CPU \S*libggml-(cpu-\S+)\.so$/m.exec(output)?.[1] ?? null;
}

/**
 * What to leave out after `failed` ended with an illegal instruction: that variant and all that demand more.
 *
 * @returns the variants to skip and the one that is then the best; null where none is left
 */
export function nextLower(
  installed: readonly string[],
  failed: string,
): { skipped: string[]; variant: string } | null {
  const at = installed.indexOf(failed);
  const variant = installed[at + 1];
  return variant === undefined ? null : { skipped: installed.slice(0, at + 1), variant };
}
