import { defineConfig } from 'vitest/config';

/** `make test-clients`. One machine, and one client at a time: each would only wait for the same model. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.suite.ts'],
    pool: 'forks',
    maxWorkers: 1,
    chaiConfig: { truncateThreshold: 1000 },
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
