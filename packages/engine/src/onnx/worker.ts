import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { createLog, describeError, libDir, listenOnPath } from '@nanite/kit';
import { createEmbeddingApi } from './api';
import { Embedder } from './embedder';

/** The worker of one ONNX embedding model; started by bin/worker, told by the environment (launch/environment.ts). */
async function main(): Promise<void> {
  const need = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  };
  const path = need('NANITE_MODEL');
  const context = Number(need('NANITE_CONTEXT'));
  const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')));
  const embedder = await Embedder.load({
    manifest,
    path,
    context,
    threads: Number(need('NANITE_THREADS')),
    spin: need('NANITE_SPIN') === 'true',
    runtime: join(libDir(), 'onnxruntime'),
  });
  // The first run lays out the arena: let it be before the first request.
  await embedder.embed(['.'], true, () => true);
  const server = createEmbeddingApi(embedder, manifest.name, context, createLog());
  await listenOnPath(server, need('NANITE_SOCKET'), 0o660);
  process.once('SIGTERM', () => process.exit(0));
}

main().catch((error: unknown) => {
  process.stderr.write(`error loading model: ${describeError(error)}\n`);
  process.exitCode = 1;
});
