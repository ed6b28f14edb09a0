import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,apps,tools}/*/{src,boot}/**/*.test.ts'],
    reporters: ['default'],
    pool: 'forks',
    // A failure is read in a log, where the message is all there is of it.
    chaiConfig: { truncateThreshold: 1000 },
    maxWorkers: 2,
  },
});
