import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { peersFolder } from '../peers/cache';

/** Debian packages with manuals as PDF, written with LaTeX, Texinfo and DocBook: born digital, 10 to 300 pages each. */
const packages = ['debian-policy', 'developers-reference', 'debmake-doc', 'gnuplot-doc', 'libtasn1-doc'];

const folder = () => join(peersFolder(), 'documents');

function run(command: string, options: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, options, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new NaniteError('no-documents', `${command} failed: ${stderr.trim()}`);
}

function* filesBelow(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(below);
    else if (entry.isFile()) yield below;
  }
}

/** Fetch the manuals once. */
export function fetchDocuments(): void {
  if (existsSync(join(folder(), 'complete'))) return;
  rmSync(folder(), { recursive: true, force: true });
  mkdirSync(join(folder(), 'pdf'), { recursive: true });
  const scratch = mkdtempSync(join(peersFolder(), 'fetch-'));
  try {
    run('chmod', ['0777', scratch], scratch);
    run('apt-get', ['download', ...packages], scratch);
    for (const name of readdirSync(scratch))
      run('dpkg-deb', ['--extract', name, join(scratch, 'files')], scratch);
    let count = 0;
    for (const path of filesBelow(join(scratch, 'files'))) {
      // Translations of manuals are kept: text is not only English.
      if (/\.pdf(?:\.gz)?$/.test(path)) copyFileSync(path, join(folder(), 'pdf', `${String(++count).padStart(2, '0')}-${path.slice(path.lastIndexOf('/') + 1)}`)); // prettier-ignore
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const name of readdirSync(join(folder(), 'pdf')).filter((one) => one.endsWith('.gz'))) {
    run('gunzip', [name], join(folder(), 'pdf'));
  }
  writeFileSync(join(folder(), 'complete'), '');
}

export const pdfFolder = (): string => join(folder(), 'pdf');

/** A folder of this many text files of 1 to 8 KB, made of the licences that Debian has. */
export function textFolder(count: number): string {
  const path = mkdtempSync(join(peersFolder(), 'texts-'));
  const licences = readdirSync('/usr/share/common-licenses').map((name) =>
    join('/usr/share/common-licenses', name),
  );
  const source = licences.filter((one) => statSync(one).size > 20_000);
  const texts = source.map((one) => spawnSync('cat', [one], { encoding: 'utf8' }).stdout);
  for (let at = 0; at < count; at++) {
    const text = texts[at % texts.length]!;
    const from = (at * 1_237) % (text.length - 9_000);
    const said = text.slice(from, from + 1_000 + ((at * 7_919) % 7_000));
    writeFileSync(join(path, `${at}.${['txt', 'md', 'html'][at % 3]}`), `# File ${at}\n\n${said}\n`);
  }
  return path;
}
