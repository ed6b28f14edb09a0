import {
  type CreateDependencies,
  createNodesFromFiles,
  type CreateNodesV2,
  DependencyType,
  type TargetConfiguration,
} from '@nx/devkit';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readControl } from './control';
import { ownersOf, projectName } from './projects';

const tool = 'node --import tsx tools/nx-debian/src/main.ts';

/** What a change of makes every .debs of ours a different one: the tools that build it. */
const toolchain = {
  runtime: "dpkg-query -W -f '${Package} ${Version} ' dpkg-dev debhelper nodejs lowdown",
};
const linter = { runtime: "dpkg-query -W -f '${Package} ${Version} ' lintian" };

function bundleTarget(): TargetConfiguration {
  return {
    command: 'tsup',
    options: { cwd: '{projectRoot}' },
    cache: true,
    inputs: [
      'default',
      '^default',
      '{workspaceRoot}/tools/nx-debian/bundle.ts',
      '{workspaceRoot}/package-lock.json',
      toolchain,
    ],
    outputs: ['{projectRoot}/dist'],
    metadata: { description: 'Bundle the TypeScript for the Node that trixie ships' },
  };
}

function debianTargets(root: string, name: string): Record<string, TargetConfiguration> {
  const outputs = [`{workspaceRoot}/dist/debs/${name}`];
  return {
    deb: {
      command: `${tool} deb ${root} ${name}`,
      dependsOn: ['build'],
      cache: true,
      inputs: [
        'default',
        { dependentTasksOutputFiles: '**/*' },
        '{workspaceRoot}/tools/nx-debian/**/*',
        '{workspaceRoot}/package-lock.json',
        toolchain,
      ],
      outputs,
      metadata: { description: 'Build the Debian packages of this folder with dpkg-buildpackage' },
    },
    // The .debs of this project and of all that its packages depend on.
    debs: { executor: 'nx:noop', dependsOn: ['deb', '^debs'] },
    // What `make demo` installs. A package that takes long to build may have a quicker one for this machine alone.
    demo: { executor: 'nx:noop', dependsOn: ['deb'] },
    lintian: {
      command: `${tool} lintian ${name}`,
      dependsOn: ['deb'],
      cache: true,
      inputs: [{ dependentTasksOutputFiles: '**/*' }, linter],
      metadata: { description: 'lintian --fail-on warning,error' },
    },
    'install-test': {
      command: `${tool} install-test ${root}`,
      dependsOn: ['debs'],
      metadata: { description: 'Install, reinstall, remove and purge in a booted clean trixie' },
    },
  };
}

/** Every folder with debian/control gets deb, lintian and install-test; one with tsup.config.ts a bundle to put in it. */
export const createNodesV2: CreateNodesV2 = [
  '**/{debian/control,tsup.config.ts}',
  (files, options, context) =>
    createNodesFromFiles(
      (file) => {
        const isControl = basename(file) === 'control';
        const root = isControl ? dirname(dirname(file)) : dirname(file);
        if (root.startsWith('dist/') || root.includes('/dist/')) return {};
        const name = projectName(root, context.workspaceRoot);
        const targets = isControl ? debianTargets(root, name) : { build: bundleTarget() };
        return { projects: { [root]: { name, root, targets } } };
      },
      files,
      options,
      context,
    ),
];

/** A package that depends on another of ours makes its project depend on the other's. */
export const createDependencies: CreateDependencies = (_options, context) => {
  const projects = Object.entries(context.projects)
    .filter(([, { root }]) => existsSync(join(context.workspaceRoot, root, 'debian/control')))
    .map(([name, { root }]) => ({ name, control: readControl(join(context.workspaceRoot, root)) }));
  const owners = ownersOf(projects);
  return projects.flatMap(({ name, control }) =>
    [...new Set(control.binaries.flatMap((binary) => binary.depends))]
      .map((binary) => owners.get(binary))
      .filter((target): target is string => target !== undefined && target !== name)
      .map((target) => ({ source: name, target, type: DependencyType.implicit })),
  );
};
