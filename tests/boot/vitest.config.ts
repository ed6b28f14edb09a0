import { defineConfig } from 'vitest/config';

/**
 * Images booted in QEMU: `make test-image`, or
 * `tools/target/target enter -r image npx vitest run -c tests/boot/vitest.config.ts [FILTER]`. One at a time, for each
 * takes both processors where KVM does not work.
 */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    reporters: ['verbose'],
    pool: 'forks',
    // A failure is read in a log, where the message is all there is of it.
    chaiConfig: { truncateThreshold: 1000 },
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 900_000,
  },
});
