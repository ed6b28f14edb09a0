/**
 * Fuzz the gate by hand: `npx tsx packages/model-manager/fuzz.ts N [SEED]`.
 *
 * With `--llama` behind them, 400 files that were let through go to the llama-fit-params that is installed as well: it may load
 * them or say that it does not, and must not die of anything else.
 *
 * Prints what was examined; a finding is written beside, with the seed that makes it again (`fuzz.ts 1 SEED`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Finding, fuzz } from './src/gate/fuzz/run';

const withLlama = process.argv.includes('--llama');
const [givenCount, givenSeed] = process.argv.slice(2).filter((argument) => argument !== '--llama');
const count = Number(givenCount ?? 1_000_000);
const seed = Number(givenSeed ?? Date.now() % 2 ** 31);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: fuzz.ts N [SEED] [--llama]');
  process.exit(2);
}
const since = performance.now();
try {
  console.log(`seed ${seed}`);
  const { inputs, accepted, refused, slowestMilliseconds, samples } = fuzz(count, seed, {
    keep: withLlama ? 400 : 0,
  });
  const seconds = (performance.now() - since) / 1000;
  console.log(
    `${inputs} inputs in ${seconds.toFixed(1)} s, the slowest ${slowestMilliseconds.toFixed(1)} ms`,
  );
  console.log(`let through ${accepted}; refused:`, refused);
  if (withLlama) giveToLlama(samples);
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

function giveToLlama(samples: readonly Buffer[]): void {
  const path = join(mkdtempSync(join(tmpdir(), 'nanite-fuzz-')), 'model.gguf');
  const ended: Record<string, number> = {};
  let died = 0;
  for (const bytes of samples) {
    writeFileSync(path, bytes);
    const program = '/usr/lib/nanite/llama/llama-fit-params';
    const options = ['--fit-print', 'on', '-m', path, '--ctx-size', '256', '-lv', '1'];
    const { status, signal, stdout, stderr } = spawnSync(program, options, {
      encoding: 'utf8',
      timeout: 20_000,
    });
    // How it says that it cannot load a file: an exception that nobody catches.
    const refused = /failed to load model/.test(stderr ?? '') && !/GGML_ASSERT/.test(stderr ?? '');
    const how = status === 0 ? 'loaded' : refused ? 'refused' : `died: ${signal ?? status}`;
    ended[how] = (ended[how] ?? 0) + 1;
    if (how.startsWith('died') && died++ < 5) {
      writeFileSync(`fuzz-llama-${died}`, bytes);
      console.error(`fuzz-llama-${died}: ${(stdout + stderr).slice(-600)}`);
    }
  }
  console.log(`llama.cpp, of ${samples.length} files that were let through:`, ended);
  if (died > 0) process.exitCode = 1;
}
