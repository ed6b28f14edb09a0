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
  'MIT-0',
  'Unlicense',
  'Zlib',
]);

/** Licences whose text Debian ships, or that modules do not carry in a file of its own. */
const common: Record<string, string> = {
  'Apache-2.0': 'On Debian systems, the full text is in /usr/share/common-licenses/Apache-2.0.',
  'CC0-1.0': 'On Debian systems, the full text is in /usr/share/common-licenses/CC0-1.0.',
  Zlib:
    "This software is provided 'as-is', without any express or implied warranty. In no event will the authors be held " +
    'liable for any damages arising from the use of this software.\n\nPermission is granted to anyone to use this ' +
    'software for any purpose, including commercial applications, and to alter it and redistribute it freely, subject ' +
    'to the following restrictions:\n\n1. The origin of this software must not be misrepresented; you must not claim ' +
    'that you wrote the original software. If you use this software in a product, an acknowledgment in the product ' +
    'documentation would be appreciated but is not required.\n2. Altered source versions must be plainly marked as such, ' +
    'and must not be misrepresented as being the original software.\n3. This notice may not be removed or altered from ' +
    'any source distribution.',
};

export interface BundledModule {
  name: string;
  version: string;
  /** SPDX identifier, or several with ` and ` between them. */
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

/** The SPDX expression of `license`, or the list of `licenses` that npm wanted until 2014: any one of them may be chosen. */
function declaredLicence(manifest: Record<string, unknown>): string {
  const { license, licenses } = manifest;
  if (typeof license === 'string') return license;
  if (!Array.isArray(licenses)) return '';
  return licenses.map((entry: { type?: unknown }) => String(entry?.type ?? '')).join(' OR ');
}

/** @throws Error where the module's licence is none that we allow */
export function readModule(folder: string): BundledModule {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version } = manifest as { name: string; version: string };
  const declared = declaredLicence(manifest);
  const licence = declared
    .replace(/[()]/g, '')
    .split(/ OR /)
    .map((option) => option.split(/ AND /))
    .find((parts) => parts.every((part) => allowed.has(part)))
    ?.join(' and ');
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
  for (const { licence, text } of modules) {
    const own = text === null || licence.includes(' and ') ? undefined : licenceBody(text);
    for (const part of licence.split(' and ')) {
      const found = common[part] ?? own;
      if (found !== undefined && !texts.has(part)) texts.set(part, found);
    }
  }
  for (const part of modules.flatMap(({ licence }) => licence.split(' and '))) {
    if (!texts.has(part)) throw new Error(`no module of the bundle carries the text of ${part}`);
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
