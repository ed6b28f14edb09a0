import { defineConfig } from 'vitest/config';

/** System tests: one machine at a time, for all of them boot a trixie and share two cores. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['{packages,contracts,journeys}/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
