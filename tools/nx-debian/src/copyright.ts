import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that a bundled module may have. Any other stops the build: a person must look at it first. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

/** Licences whose text Debian ships. */
const common: Record<string, string> = {
  'Apache-2.0': 'On Debian systems, the full text is in /usr/share/common-licenses/Apache-2.0.',
  'CC0-1.0': 'On Debian systems, the full text is in /usr/share/common-licenses/CC0-1.0.',
};

export interface BundledModule {
  name: string;
  version: string;
  /** SPDX identifier. */
  licence: string;
  copyright: string[];
  /** Text of its licence file; null where it has none. */
  text: string | null;
}

interface Metafile {
  outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
}

/** Folders of the npm packages that have code in a bundle (esbuild's metafile). */
export function bundledFolders(metafile: Metafile): string[] {
  const folders = new Set<string>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match !== null && bytesInOutput > 0) folders.add(match[1]!);
    }
  }
  return [...folders].sort();
}

/** @throws Error where the module's licence is none that we allow */
export function readModule(folder: string): BundledModule {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version } = manifest as { name: string; version: string };
  const declared = typeof manifest['license'] === 'string' ? manifest['license'] : '';
  const licence = declared
    .replace(/[()]/g, '')
    .split(/ OR /)
    .find((option) => allowed.has(option));
  if (licence === undefined) {
    throw new Error(
      `${name} ${version} has the licence '${declared || 'none'}', which is not on our list: look at it, then add it ` +
        `to tools/nx-debian/src/copyright.ts or do without the module`,
    );
  }
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$|-)/i.test(entry));
  const text = file === undefined ? null : readFileSync(join(folder, file), 'utf8').replaceAll('\r', '');
  const lines = (text ?? '').split('\n').map((line) => line.trim());
  const copyright = lines
    .filter((line) => /^(copyright|\(c\)|©)/i.test(line) && /\d{4}|\(c\)/i.test(line) && !/[[{<]/.test(line))
    .map((line) =>
      line
        .replace(/^copyright\s*(\(c\)|©)?:?\s*/i, '')
        .replace(/^\(c\)\s*/i, '')
        .trim(),
    )
    .filter((line) => line !== '');
  const author = manifest['author'];
  const writer =
    typeof author === 'string'
      ? author
      : ((author as { name?: string } | undefined)?.name ?? `the authors of ${name}`);
  return { name, version, licence, copyright: copyright.length > 0 ? copyright : [writer], text };
}

const folded = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');

/** Text of a licence without the copyright lines, which each module states for itself. */
const licenceBody = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\s*(copyright|\(c\)|©)/i.test(line))
    .join('\n')
    .trim();

/** debian/copyright in DEP-5 form for our code and the modules bundled with it. */
export function debianCopyright(source: string, modules: BundledModule[]): string {
  const stanzas = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n' +
      `Upstream-Name: ${source}\nSource: the Nanite source tree`,
    'Files: *\nCopyright: 2026 Nanite Developers\nLicense: Apache-2.0',
    ...modules.map(
      (module) =>
        `Files: dist/node_modules/${module.name}/*\nCopyright: ${module.copyright.join('\n           ')}\n` +
        `License: ${module.licence}\nComment: version ${module.version}, bundled into the files of dist/`,
    ),
  ];
  const texts = new Map<string, string>([['Apache-2.0', common['Apache-2.0']!]]);
  for (const module of modules) {
    const text = common[module.licence] ?? (module.text === null ? undefined : licenceBody(module.text));
    if (text !== undefined && !texts.has(module.licence)) texts.set(module.licence, text);
  }
  for (const module of modules) {
    if (!texts.has(module.licence))
      throw new Error(`no module of the bundle carries the text of ${module.licence}`);
  }
  const licences = [...texts].sort(([a], [b]) => a.localeCompare(b));
  return `${[...stanzas, ...licences.map(([id, text]) => `License: ${id}\n${folded(text)}`)].join('\n\n')}\n`;
}

/** The modules in a folder's bundle; none where it has no bundle. Paths in the metafile are relative to the folder. */
export function modulesOf(folder: string): BundledModule[] {
  const path = join(folder, 'dist/metafile-esm.json');
  if (!existsSync(path)) return [];
  const metafile = JSON.parse(readFileSync(path, 'utf8')) as Metafile;
  const modules = bundledFolders(metafile).map((at) => readModule(join(folder, at)));
  return [...new Map(modules.map((module) => [`${module.name} ${module.version}`, module])).values()].filter(
    (module) => !module.name.startsWith('@nanite/'),
  );
}
