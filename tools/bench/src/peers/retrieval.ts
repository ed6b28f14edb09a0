import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../machine/children';
import { checkout, peersFolder } from './cache';

export const fastembedVersion = '0.9.1';
export const retrievalVenv = (): string => join(peersFolder(), `retrieval-${fastembedVersion}`);

/** fastembed and bm25s in a virtual environment, unless they are there. */
export async function installRetrievalPeers(progress: (message: string) => void): Promise<void> {
  const done = join(retrievalVenv(), '.complete');
  if (existsSync(done)) return;
  progress(`installing fastembed and bm25s into ${retrievalVenv()} (once)`);
  rmSync(retrievalVenv(), { recursive: true, force: true });
  mkdirSync(peersFolder(), { recursive: true });
  await run('python3', ['-m', 'venv', retrievalVenv()]);
  const requirements = join(checkout, 'tools/bench/peers/retrieval.txt');
  await run(join(retrievalVenv(), 'bin/pip'), ['install', '--quiet', '--requirement', requirements], {
    within: 600_000,
  });
  writeFileSync(done, '');
}

/** Our model's folder, as fastembed wants one: the same weights and tokenizer under its names. */
export function modelForFastembed(model: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(model, 'model.onnx'), join(folder, 'model_optimized.onnx'));
  copyFileSync(join(model, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  const marks = {
    pad_token: '[PAD]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    unk_token: '[UNK]',
    mask_token: '[MASK]',
  };
  const write = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  write('config.json', { pad_token_id: 0, max_position_embeddings: 512 });
  write('tokenizer_config.json', { model_max_length: 512, max_length: 512, ...marks });
  write('special_tokens_map.json', marks);
}
