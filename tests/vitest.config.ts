import { defineConfig } from 'vitest/config';

/** They build packages or replace what lies in dist/, from which the others install. */
const builders = [
  'journeys/demo.test.ts',
  'packages/{affected,generator,reproducible}.test.ts',
  // Counts what machines leave behind.
  'packages/target.test.ts',
];
const project = (
  name: string,
  include: string[],
  exclude: string[],
  maxWorkers: number,
  groupOrder: number,
) => ({
  extends: true as const,
  test: { name, include, exclude, maxWorkers, sequence: { groupOrder } },
});

/**
 * System tests. Two machines at a time: much of what they do is to wait, for a boot, for a rest, for a file to be noticed;
 * more would only wait for each other on two cores.
 */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    pool: 'forks',
    // A failure is read in a log, where the message is all there is of it.
    chaiConfig: { truncateThreshold: 1000 },
    testTimeout: 180_000,
    hookTimeout: 600_000,
    projects: [
      project('machines', ['{packages,contracts,journeys}/**/*.test.ts'], builders, 2, 0),
      project('alone', builders, [], 1, 1),
    ],
  },
});
