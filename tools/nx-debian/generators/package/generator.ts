import { formatFiles, generateFiles, type Tree } from '@nx/devkit';
import { join } from 'node:path';

interface PackageOptions {
  name: string;
  summary?: string;
}

/** Write packages/<name>: a folder that builds, lints, installs and has a test, a manual page and a unit. */
export default async function generatePackage(tree: Tree, options: PackageOptions): Promise<void> {
  const root = `packages/${options.name}`;
  if (!/^[a-z][a-z0-9-]*$/.test(options.name))
    throw new Error(`'${options.name}': use a-z, 0-9 and hyphen, such as hello`);
  if (tree.exists(root)) throw new Error(`${root} exists already: choose another name, or remove it first`);
  generateFiles(tree, join(__dirname, 'files'), root, {
    name: options.name,
    deb: `nanite-${options.name}`,
    summary: options.summary ?? `${options.name} for Nanite`,
    tmpl: '',
  });
  tree.changePermissions(`${root}/debian/rules`, '755');
  tree.changePermissions(`${root}/bin/nanite-${options.name}`, '755');
  await formatFiles(tree);
}
