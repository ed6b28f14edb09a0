import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelEntry } from '@nanite/contracts';
import { readGgufMetadata } from '@nanite/gguf';

async function read({ manifest, path }: ModelEntry): Promise<string> {
  const file = (role: string): string | null => {
    const found = manifest.files.find((each) => each.role === role);
    return found === undefined ? null : join(path, found.path);
  };
  const own = file('template');
  if (own !== null) return readFile(own, 'utf8');
  const weights = file('weights');
  if (weights === null || manifest.format !== 'gguf') return '';
  return String(readGgufMetadata(weights).get('tokenizer.chat_template') ?? '');
}

/** Read once: a model that changes is listed as another entry. */
const known = new WeakMap<ModelEntry, Promise<string>>();

/** The model's chat template (Jinja): of its folder, else of its weights; empty where there is none. */
export function templateOf(entry: ModelEntry): Promise<string> {
  let template = known.get(entry);
  if (template === undefined) {
    // What else is known of a model is worth telling, whatever its files are.
    template = read(entry).catch(() => '');
    known.set(entry, template);
  }
  return template;
}
