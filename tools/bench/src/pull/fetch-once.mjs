// Runs one verified fetch as the service would, and says on standard output how it goes: a line for each progress, then
// the seconds and the digest. Plain JavaScript, so that what is measured is the bundle and nothing that compiles.
import { writeSync } from 'node:fs';

const [bundle, url, sha256, size, part, chunkBytes, parallel, bytesPerSecond] = process.argv.slice(2);
const { fetchFile } = await import(bundle);
const isTold = process.env.BENCH_PROGRESS === '1';

const started = performance.now();
const fetched = await fetchFile(
  {
    role: 'weights',
    name: 'model.gguf',
    size: Number(size),
    sha256,
    locate: async () => ({ url, headers: {}, insecure: true }),
  },
  { part, state: `${part}.json` },
  {
    signal: new AbortController().signal,
    chunkBytes: Number(chunkBytes),
    parallel: Number(parallel),
    bytesPerSecond: bytesPerSecond === undefined ? null : Number(bytesPerSecond),
    onProgress: (done) => {
      if (isTold) writeSync(1, `at ${done}\n`);
    },
  },
);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage();
writeSync(1, `${JSON.stringify({ seconds, cpu: (user + system) / 1e6, ...fetched })}\n`);
