import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { debianChangelog } from './changelog';
import { parseDeb822, readControl } from './control';
import { debianCopyright, modulesOf } from './copyright';
import { withLiteralUnderscores } from './man-source';
import { versionDate, versionFile, versionOf } from './version';

/** What a package folder holds besides what goes into its .deb. */
const left = new Set([
  'src',
  'test',
  'node_modules',
  'coverage',
  '.turbo',
  'package.json',
  'tsup.config.ts',
  'bench.ts',
  'CHANGELOG.md',
]);

/** Copy what a .deb is made of; folders inside that are packages of their own stay behind. */
function stageFiles(folder: string, dist: string, stage: string): void {
  mkdirSync(stage, { recursive: true });
  const built = existsSync(dist) ? ['dist'] : [];
  for (const entry of [...readdirSync(folder).filter((name) => name !== 'dist'), ...built]) {
    const from = entry === 'dist' ? dist : join(folder, entry);
    if (left.has(entry) || existsSync(join(from, 'debian/control'))) continue;
    // Links inside stay as they are: a link made absolute would name this machine's folders.
    cpSync(from, join(stage, entry), { recursive: true, verbatimSymlinks: true });
  }
}

/** Manual pages written in Markdown (man/NAME.SECTION.md), made into roff and handed to dh_installman. */
function convertManPages(stage: string, binary: string): void {
  for (const at of ['man', 'dist/man']) {
    const folder = join(stage, at);
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder)
      .filter((name) => name.endsWith('.md'))
      .sort()) {
      const page = basename(file, '.md');
      // Without --out-no-smarty `--json` becomes a dash and `json`, which nobody can copy or search for.
      const options = ['-s', '-Tman', '--out-no-smarty'];
      const input = withLiteralUnderscores(readFileSync(join(folder, file), 'utf8'));
      const roff = execFileSync('lowdown', options, { encoding: 'utf8', input });
      writeFileSync(join(folder, page), roff);
      appendFileSync(join(stage, `debian/${binary}.manpages`), `${at}/${page}\n`);
    }
  }
}

/** Another build of the same package. */
export interface BuildVariant {
  /** Folder with what its build step made, instead of dist/. */
  dist: string;
  /** Follows the version, and sorts before it: `~demo`. */
  suffix: string;
}

/**
 * Build the Debian packages of a folder with dpkg-buildpackage.
 *
 * The tree is staged under a path that depends on the source's name and version only, so that two builds of one commit
 * give identical files.
 * @param folder the package's folder, with debian/control and, where it has a build step, dist/
 * @param output folder for the .debs; emptied first
 * @param variant a build that is not the one to publish
 * @returns paths of the .debs
 * @throws Error where a file is missing, a licence is unknown, or dpkg-buildpackage fails
 */
export function buildDeb(folder: string, output: string, variant?: BuildVariant): string[] {
  const control = readControl(folder);
  const manifest = versionFile(folder);
  const released = versionOf(manifest);
  const version = `${released}${variant?.suffix ?? ''}`;
  const stageRoot = join('/tmp/nanite-deb', control.source);
  const stage = join(stageRoot, `${control.source}-${version}`);
  rmSync(stageRoot, { recursive: true, force: true });
  stageFiles(folder, variant?.dist ?? join(folder, 'dist'), stage);

  const [sourceStanza] = parseDeb822(readFileSync(join(folder, 'debian/control'), 'utf8'));
  const changelog = join(folder, 'CHANGELOG.md');
  writeFileSync(
    join(stage, 'debian/changelog'),
    debianChangelog({
      source: control.source,
      version,
      maintainer: sourceStanza?.['maintainer'] ?? 'Nanite Developers <developers@nanite.invalid>',
      markdown: existsSync(changelog) ? readFileSync(changelog, 'utf8') : null,
      dateOf: (at) => versionDate(manifest, at === version ? released : at),
    }),
  );
  if (!existsSync(join(stage, 'debian/copyright'))) {
    writeFileSync(join(stage, 'debian/copyright'), debianCopyright(control.source, modulesOf(folder)));
  }
  mkdirSync(join(stage, 'debian/source'), { recursive: true });
  writeFileSync(join(stage, 'debian/source/format'), '3.0 (native)\n');
  convertManPages(stage, control.binaries[0]!.name);
  // What the bundler reports about itself is no part of the package.
  rmSync(join(stage, 'dist/metafile-esm.json'), { force: true });

  execFileSync('dpkg-buildpackage', ['--build=binary', '--no-sign'], {
    cwd: stage,
    stdio: ['ignore', 'inherit', 'inherit'],
    // The bundle is built and tested before it is packaged; nothing is left to parallelise or check here.
    env: { ...process.env, DEB_BUILD_OPTIONS: 'nocheck', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  });

  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const debs = readdirSync(stageRoot).filter((name) => name.endsWith('.deb'));
  for (const deb of debs) cpSync(join(stageRoot, deb), join(output, deb), { preserveTimestamps: true });
  rmSync(stageRoot, { recursive: true, force: true });

  const missing = control.binaries.filter(({ name }) => !debs.some((deb) => deb.startsWith(`${name}_`)));
  if (missing.length > 0) throw new Error(`not built: ${missing.map(({ name }) => name).join(', ')}`);
  return debs.map((deb) => relative(process.cwd(), join(output, deb)));
}
