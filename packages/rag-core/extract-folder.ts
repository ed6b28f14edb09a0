/**
 * Extract all files of a folder with what is shipped, as the service does it, and say how long it took: the part of the
 * bench `extract` that runs inside this package.
 *
 *     node --import tsx packages/rag-core/extract-folder.ts FOLDER [--at-once N] [--texts FILE] [--chunks]
 *
 * Prints a line of JSON: files, seconds, bytes, chunks, and the failures with their reasons.
 */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { CannotExtract, createExtractor, identify, identifyBytes } from './src/extract';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'at-once': { type: 'string', default: '1' },
    texts: { type: 'string' },
    chunks: { type: 'boolean', default: false },
  },
});
const folder = positionals[0]!;
const paths = readdirSync(folder)
  .sort()
  .map((name) => join(folder, name));
const texts: Record<string, string> = {};
const failures: Record<string, string> = {};
let bytes = 0;
let chunks = 0;

async function head(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(identifyBytes), 0, identifyBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const started = performance.now();
const extractor = createExtractor();
await pMap(
  paths,
  async (path) => {
    const { size } = statSync(path);
    bytes += size;
    const type = await identify(path.slice(path.lastIndexOf('/') + 1), await head(path));
    if (type === null) {
      failures[path] = 'not read';
      return;
    }
    try {
      const file = { path: Buffer.from(path), type, size };
      const { signal } = new AbortController();
      if (values.chunks) {
        chunks += (await extractor.passages(file, signal)).chunks.length;
        return;
      }
      const document = await extractor.extract(file, signal);
      if (values.texts) texts[path] = document.blocks.map(({ text }) => text).join('\n');
    } catch (error) {
      if (!(error instanceof CannotExtract)) throw error;
      failures[path] = `${error.reason}: ${error.message}`;
    }
  },
  { concurrency: Number(values['at-once']) },
);
const seconds = (performance.now() - started) / 1000;
await extractor.close();
if (values.texts) writeFileSync(values.texts, JSON.stringify(texts));
process.stdout.write(`${JSON.stringify({ files: paths.length, seconds, bytes, chunks, failures })}\n`);
