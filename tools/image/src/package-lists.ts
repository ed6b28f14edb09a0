import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the axes of an image say: `{ FLAVOUR: 'desktop', MODELS: 'offline' }`. */
export type Axes = Readonly<Record<string, string>>;

const condition = /^#(n?)if\s+(\S+)\s+(.+)$/;

/**
 * The packages that a list of live-build names, by live-build's own conditions: `#if AXIS value…`, `#nif AXIS value…` and
 * `#endif`, which do not nest. live-build reads AXIS from the environment as LB_AXIS.
 */
export function namedPackages(list: string, axes: Axes): string[] {
  const packages: string[] = [];
  let included = true;
  for (const line of list.split('\n').map((text) => text.trim())) {
    const found = condition.exec(line);
    if (found !== null) {
      const holds = found[3]!.split(/\s+/).includes(axes[found[2]!] ?? '');
      included = found[1] === 'n' ? !holds : holds;
    } else if (line.startsWith('#endif')) included = true;
    else if (included && line !== '' && !line.startsWith('#')) packages.push(...line.split(/\s+/));
  }
  return packages;
}

/** The values of an axis that the lists know, in the order in which they come. */
export function valuesOf(axis: string, lists: readonly string[]): string[] {
  const values = lists
    .flatMap((list) => list.split('\n'))
    .map((line) => condition.exec(line.trim()))
    .filter((found) => found !== null && found[2] === axis)
    .flatMap((found) => found![3]!.split(/\s+/));
  return [...new Set(values)];
}

/** The texts of a configuration's lists. */
export const readLists = (configuration: string): string[] => {
  const folder = join(configuration, 'config/package-lists');
  return readdirSync(folder)
    .filter((name) => /\.list(\.chroot)?$/.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
};
