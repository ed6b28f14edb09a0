import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineSettings, ModelManifest, ModelRecord } from '@nanite/contracts';
import { type FitSample } from '@nanite/planning';

const mebibyte = 2 ** 20;

/**
 * A store as nanite-models lays it out (docs/decisions/0080), with so many small models of all kinds, each with its
 * blobs, its record and, where it is a GGUF, llama.cpp's figures for it in `fits.json`.
 *
 * @param root the folder of the store
 */
export function makeStore(root: string, count: number): void {
  mkdirSync(join(root, 'blobs'), { recursive: true });
  const fits: Record<string, [FitSample, FitSample]> = {};
  const { cache } = EngineSettings.parse({});
  for (let at = 0; at < count; at++) {
    const onnx = at % 10 === 0;
    const id = `model-${at}-q4-k-m`;
    const folder = join(root, id);
    mkdirSync(folder);
    const files = [
      { role: 'weights' as const, path: onnx ? 'model.onnx' : 'model.gguf' },
      { role: 'tokenizer' as const, path: 'tokenizer.json' },
      { role: 'template' as const, path: 'chat_template.jinja' },
    ].map(({ role, path }) => {
      const text = `${role} of ${id}\n`;
      const sha256 = createHash('sha256').update(text).digest('hex');
      const blob = join(root, 'blobs', `sha256-${sha256}`);
      writeFileSync(blob, text, { mode: 0o444 });
      linkSync(blob, join(folder, path));
      return { role, path, sha256, size: Buffer.byteLength(text) };
    });
    const manifest = ModelManifest.parse({
      schema: 1,
      id,
      name: `family-${at % 40}/model-${at}:q4_k_m`,
      aliases: [`model-${at}:latest`],
      description: `Model ${at} of a store that has very many`,
      format: onnx ? 'onnx' : 'gguf',
      family: 'llama',
      parameterSize: '7.6B',
      quantisation: 'Q4_K_M',
      capabilities: onnx ? ['embedding'] : ['chat', 'tools'],
      contextLength: 32_768,
      embeddingLength: onnx ? 384 : null,
      licence: 'Apache-2.0',
      files,
      parameters: { temperature: 0.7, top_p: 0.9, stop: ['<|im_end|>', '<|endoftext|>'] },
      system: 'You are a helpful assistant.',
      source: `https://models.example/org/model-${at}`,
      modifiedAt: '2026-11-23T00:00:00Z',
    });
    const record = ModelRecord.parse({
      schema: 1,
      reference: `https://models.example/org/model-${at}`,
      trust: 'source',
      licenceText: 'Permission is hereby granted, free of charge, to any person. '.repeat(20),
      uid: 1000,
    });
    writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(folder, 'record.json'), `${JSON.stringify(record, null, 2)}\n`);
    const sample = (context: number): FitSample => ({
      context,
      plain: 40 * mebibyte,
      repacked: 100 * mebibyte,
      cache: context * 2048,
      compute: 50 * mebibyte,
      heap: 40 * mebibyte,
      vocabulary: 128_000,
      window: 0,
      projector: 0,
    });
    fits[`${files[0]?.sha256} ${cache} generate`] = [sample(8192), sample(32_768)];
  }
  writeFileSync(join(root, 'fits.json'), JSON.stringify(fits));
}
