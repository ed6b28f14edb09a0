import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const alone = [
  // They ask Nx what there is, add to that, or replace what lies in dist/, from which the others install.
  'packages/{affected,generator,reproducible}.test.ts',
  // It takes port 11434 of this machine, as the demonstration does.
  'journeys/first-answer.test.ts',
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

/** Files that take more than a minute on two quiet cores, most of it waiting; the longest first. */
const longest = [
  'packages/knowledge-rest.test.ts',
  'journeys/demo.test.ts',
  'journeys/models/models.test.ts',
  'packages/llama.test.ts',
  'packages/models.test.ts',
  'packages/knowledge-team.test.ts',
];

/** A long file that starts last is waited for alone. vitest orders by the last run, which a fresh clone has not seen. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.indexOf(relative(import.meta.dirname, moduleId));
      return at === -1 ? longest.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => place(a) - place(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    projects: [
      project('machines', ['{packages,contracts,journeys}/**/*.test.ts'], alone, 2, 0),
      project('alone', alone, [], 1, 1),
    ],
  },
});
