import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '@nanite/test-programs';
import type { Plugin } from 'esbuild';

/** A line of the source in whose place another is bundled. */
export interface Sabotage {
  file: string;
  changes: ReadonlyArray<readonly [from: string, to: string]>;
}

/** The process that changes a store, as one file: in `folder`, under `name`. */
export async function victim(folder: string, name: string, sabotage: Sabotage | null): Promise<string> {
  const plugin: Plugin = {
    name: 'sabotage',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (sabotage === null || !path.endsWith(sabotage.file)) return null;
        let contents = readFileSync(path, 'utf8');
        for (const [from, to] of sabotage.changes) {
          // A line that is not there any more would make a control of nothing.
          if (!contents.includes(from)) throw new Error(`${sabotage.file} has no ${from}`);
          contents = contents.replace(from, to);
        }
        return { contents, loader: 'ts' };
      }),
  };
  const source = join(import.meta.dirname, 'victim.ts');
  return bundleProgram(source, folder, name, { plugins: [plugin], standsIn: import.meta.filename });
}

/** sha256 of a model's first file; null: there is no such model. */
export type State = string | null;

export const shaOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/**
 * Follow what was said: a name that was begun and not acknowledged may have its old state or the one intended.
 *
 * @returns those names, and whether a removal was among what was begun
 */
export function follow(known: Map<string, State>, lines: string[]): Map<string, boolean> {
  const uncertain = new Map<string, boolean>();
  for (const line of lines) {
    const [what, name = '', more = ''] = line.split(' ');
    if (what === 'begin') uncertain.set(name, (uncertain.get(name) ?? false) || more === 'removal');
    if (what === 'is') known.set(name, more);
    if (what === 'gone') known.set(name, null);
    if (what === 'is' || what === 'gone') uncertain.delete(name);
  }
  return uncertain;
}
