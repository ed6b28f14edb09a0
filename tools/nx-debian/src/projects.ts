import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readControl, type SourceControl } from './control';

/** A folder with debian/control, by the name that Nx has for it. */
export interface DebianProject {
  name: string;
  control: SourceControl;
}

/** Nx's name of a folder: that of its package.json, or the folder's own. */
export function projectName(root: string, workspace: string): string {
  const manifest = join(workspace, root, 'package.json');
  if (!existsSync(manifest)) return basename(root);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name ?? basename(root);
}

/** All workspaces of a checkout that make Debian packages. */
export function debianProjects(workspace: string): DebianProject[] {
  const { workspaces } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  const tops = workspaces.filter((pattern) => pattern.endsWith('/*')).map((pattern) => dirname(pattern));
  return tops.flatMap((top) =>
    readdirSync(join(workspace, top))
      .map((folder) => join(top, folder))
      .filter((root) => existsSync(join(workspace, root, 'debian/control')))
      .map((root) => ({ name: projectName(root, workspace), control: readControl(join(workspace, root)) })),
  );
}

/** Which project makes a package: its name by that of the binary package. */
export function ownersOf(projects: readonly DebianProject[]): Map<string, string> {
  return new Map(
    projects.flatMap(({ name, control }) => control.binaries.map((binary) => [binary.name, name])),
  );
}

/**
 * The projects whose packages apt installs with these: what they depend on, and what they recommend.
 *
 * Nx knows what a package depends on. What it recommends is not a dependency of its build, and may go in a circle.
 *
 * @throws Error where there is no such project
 */
export function withRecommended(wanted: readonly string[], projects: readonly DebianProject[]): string[] {
  const byName = new Map(projects.map((project) => [project.name, project]));
  const owners = ownersOf(projects);
  const found = new Set<string>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const project = byName.get(name);
    if (project === undefined) throw new Error(`there is no project ${name} with debian/control`);
    found.add(name);
    for (const { depends, recommends } of project.control.binaries) {
      for (const other of [...depends, ...recommends]) {
        const owner = owners.get(other);
        if (owner !== undefined) open.push(owner);
      }
    }
  }
  return [...found].sort();
}
