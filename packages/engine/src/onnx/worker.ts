import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { createLog, describeError, libDir, listenOnPath } from '@nanite/kit';
import { createOnnxApi, type OnnxModel } from './api';
import { CrossEncoder } from './cross-encoder';
import { Embedder } from './embedder';
import { OnnxSession } from './session';

/** What the model is for, as its API offers it; the first run, which lays out memory, is before the first request. */
async function modelOf(session: OnnxSession): Promise<OnnxModel> {
  const tokens = {
    tokenize: (text: string, special: boolean) => session.tokenize(text, special),
    detokenize: (ids: number[]) => session.detokenize(ids),
  };
  if (session.options.manifest.capabilities.includes('rerank')) {
    const encoder = new CrossEncoder(session);
    await encoder.judge('.', ['.'], true, () => true);
    return { ...tokens, judge: (query, documents, ...rest) => encoder.judge(query, documents, ...rest) };
  }
  const embedder = new Embedder(session);
  await embedder.embed(['.'], true, () => true);
  return { ...tokens, embed: (inputs, ...rest) => embedder.embed(inputs, ...rest) };
}

/** The worker of one ONNX model; started by bin/worker, told by the environment (launch/environment.ts). */
async function main(): Promise<void> {
  const need = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  };
  const path = need('NANITE_MODEL');
  const context = Number(need('NANITE_CONTEXT'));
  const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')));
  const session = await OnnxSession.load({
    manifest,
    path,
    context,
    threads: Number(need('NANITE_THREADS')),
    spin: need('NANITE_SPIN') === 'true',
    runtime: join(libDir(), 'onnxruntime'),
  });
  const server = createOnnxApi(await modelOf(session), manifest.name, context, createLog());
  await listenOnPath(server, need('NANITE_SOCKET'), 0o660);
  process.once('SIGTERM', () => process.exit(0));
}

main().catch((error: unknown) => {
  process.stderr.write(`error loading model: ${describeError(error)}\n`);
  process.exitCode = 1;
});
