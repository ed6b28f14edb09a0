import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Store } from '../store';
import { writeNewFile } from '../store/durable';

/** Put a text into the store, such as a chat template that is written in a Modelfile. */
export async function storeText(store: Store, text: string): Promise<{ sha256: string; size: number }> {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const draft = join(store.layout.partial, `take-${randomBytes(8).toString('hex')}`);
  writeNewFile(draft, text);
  store.blobs.adopt(draft, sha256);
  return { sha256, size: bytes.length };
}
