/**
 * Fuzz the gate by hand: `npx tsx packages/model-manager/fuzz.ts N [SEED]`.
 *
 * Prints what was examined; a finding is written beside, with the seed that makes it again (`fuzz.ts 1 SEED`).
 */
import { writeFileSync } from 'node:fs';
import { Finding, fuzz } from './src/gate/fuzz/run';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: fuzz.ts N [SEED]');
  process.exit(2);
}
const since = performance.now();
try {
  console.log(`seed ${seed}`);
  const { inputs, accepted, refused, slowestMilliseconds } = fuzz(count, seed);
  const seconds = (performance.now() - since) / 1000;
  console.log(
    `${inputs} inputs in ${seconds.toFixed(1)} s, the slowest ${slowestMilliseconds.toFixed(1)} ms`,
  );
  console.log(`let through ${accepted}; refused:`, refused);
} catch (error) {
  if (!(error instanceof Finding)) throw error;
  const file = `fuzz-finding-${error.seed}`;
  writeFileSync(file, error.bytes);
  console.error(error);
  console.error(
    `the input lies in ${file}; again by: npx tsx packages/model-manager/fuzz.ts 1 ${error.seed}`,
  );
  process.exit(1);
}
