import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One paragraph of a debian/control file: field names in lower case, folded lines joined. */
export type Stanza = Record<string, string>;

/** Parse deb822 text (deb822(5)): paragraphs of `Field: value`, continued by lines that start with a blank. */
export function parseDeb822(text: string): Stanza[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => {
      const stanza: Stanza = {};
      let field = '';
      for (const line of paragraph.split('\n')) {
        if (line === '' || line.startsWith('#')) continue;
        const start = /^([!-9;-~]+):\s*(.*)$/.exec(line);
        if (start !== null && !/^\s/.test(line)) {
          field = start[1]!.toLowerCase();
          stanza[field] = start[2]!;
        } else {
          stanza[field] += `\n${line.trim()}`;
        }
      }
      return stanza;
    })
    .filter((stanza) => Object.keys(stanza).length > 0);
}

/** What debian/control of a folder says: its source and its binary packages. */
export interface SourceControl {
  source: string;
  binaries: Array<{ name: string; architecture: string; depends: string[]; recommends: string[] }>;
}

/** Names in a relationship field, without versions, alternatives flattened, substitutions left out. */
export function relationNames(field: string | undefined): string[] {
  return (field ?? '')
    .split(/[,|]/)
    .map((part) => part.trim().replace(/[\s(:[<].*$/s, ''))
    .filter((name) => /^[a-z0-9]/.test(name));
}

/** @throws Error where the folder has no debian/control or the file has no Source */
export function readControl(folder: string): SourceControl {
  const path = join(folder, 'debian/control');
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  const [source, ...binaries] = parseDeb822(readFileSync(path, 'utf8'));
  if (source?.['source'] === undefined) throw new Error(`${path}: the first paragraph has no Source field`);
  return {
    source: source['source'],
    binaries: binaries.map((stanza) => ({
      name: stanza['package'] ?? '',
      architecture: stanza['architecture'] ?? 'all',
      depends: [...relationNames(stanza['pre-depends']), ...relationNames(stanza['depends'])],
      recommends: relationNames(stanza['recommends']),
    })),
  };
}
