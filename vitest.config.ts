import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,apps,tools}/*/{src,boot}/**/*.test.ts'],
    reporters: ['default'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
