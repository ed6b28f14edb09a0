// Makes a model of files as `ollama create` does for a Modelfile with a FROM line for each. Arguments: its name, and the files.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Ollama } from 'ollama';

const [, , model, ...paths] = process.argv;
const url = 'http://127.0.0.1:11434';
const files = {};
for (const path of paths) {
  const bytes = readFileSync(path);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const { status } = await fetch(`${url}/api/blobs/${digest}`, { method: 'POST', body: bytes });
  if (![200, 201].includes(status)) throw new Error(`${path}: ${status}`);
  files[basename(path)] = digest;
}
const { status } = await new Ollama({ host: url }).create({ model, files });
if (status !== 'success') throw new Error(status);
