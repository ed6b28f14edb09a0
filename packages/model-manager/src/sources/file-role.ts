import { basename } from 'node:path';
import type { ResolvedFile } from './resolved';

/** What a file is to a model, by its name; null for what the engines have no use for. */
export function roleOf(path: string): ResolvedFile['role'] | null {
  const name = basename(path).toLowerCase();
  if (name.endsWith('.gguf')) return /(?:^|[-_.])mmproj/.test(name) ? 'projector' : 'weights';
  if (name.endsWith('.onnx') || name.endsWith('.onnx_data') || name.endsWith('.onnx.data')) return 'weights';
  if (name === 'tokenizer.json') return 'tokenizer';
  if (name === 'tokenizer_config.json') return 'tokenizer-config';
  if (name === 'config.json') return 'config';
  if (name.endsWith('.jinja')) return 'template';
  return null;
}

/** Why weights of this form are not taken; null for those that are. */
export function refusalOf(path: string): string | null {
  const name = basename(path).toLowerCase();
  if (name.endsWith('.safetensors')) {
    return 'safetensors weights need a conversion: no engine here runs them';
  }
  if (/\.(?:bin|pt|pth|ckpt|pkl|pickle)$/.test(name)) {
    return 'PyTorch checkpoints are pickles, which run code from whoever made them when they are opened';
  }
  if (/\.(?:zip|tar|tgz|gz|7z|nemo|mar)$/.test(name)) {
    return 'archives are not opened: their contents cannot be checked first';
  }
  if (/\.(?:h5|keras|pb|tflite|mlmodel|msgpack)$/.test(name)) return 'no engine here runs this format';
  return null;
}

/** A file name without folders that no two files of a model share. */
export function uniqueNames<T extends { name: string }>(files: T[]): T[] {
  const seen = new Set<string>();
  return files.map((file) => {
    const plain =
      basename(file.name)
        .replace(/[^\w.+-]/g, '_')
        .replace(/^\.+/, '') || 'file';
    let name = plain;
    for (let count = 2; seen.has(name); count++) name = plain.replace(/(\.[^.]*)?$/, `-${count}$1`);
    seen.add(name);
    return { ...file, name };
  });
}
