/**
 * What every system test stands on: a booted clean trixie with our .debs inside. Run with
 * `tools/target/target enter npx vitest run -c tests/vitest.config.ts [FILTER]` after `nx run-many -t deb`.
 */
export { Machine, type RunOptions, type RunResult } from '@nanite/target';
