import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NaniteError } from '@nanite/kit';
import type { InstalledModel } from './catalogue';

/**
 * Compare a model's files with its manifest before anything opens them.
 *
 * Sizes and the file type always: that is free, and finds every download that was cut off. The whole sha256 only where
 * asked: it reads the weights once more (1 s per 2 GB), and who could change a file under /usr/share or the store
 * could change the manifest beside it.
 * @throws NaniteError `model-refused`
 */
export async function verifyModel(model: InstalledModel, how: 'size' | 'sha256'): Promise<void> {
  for (const file of model.manifest.files) {
    const path = join(model.path, file.path);
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size === null) throw refused(model, `${path} is missing`);
    if (size !== file.size) throw refused(model, `${path} has ${size} bytes instead of ${file.size}`);
    if (file.role === 'weights' && model.manifest.format === 'gguf' && (await magic(path)) !== 'GGUF') {
      throw refused(model, `${path} is not a GGUF file`);
    }
    if (how === 'sha256') {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      const digest = hash.digest('hex');
      if (digest !== file.sha256)
        throw refused(model, `${path} has sha256 ${digest} instead of ${file.sha256}`);
    }
  }
}

async function magic(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function refused(model: InstalledModel, why: string): NaniteError {
  return new NaniteError('model-refused', `${model.manifest.name} cannot be loaded: ${why}`, {
    status: 422,
    hint: 'install the model again',
  });
}
