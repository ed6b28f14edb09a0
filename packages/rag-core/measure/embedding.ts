/** Seconds that texts take to become vectors, on the way that indexing goes: TEXTS.json. For the bench `embed`. */
import { readFileSync } from 'node:fs';
import { GatewayEmbedder } from '../src/embed';

const texts = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as string[];
const embedder = new GatewayEmbedder({ model: 'bge-small' });
const signal = new AbortController().signal;
await embedder.embed(texts.slice(0, 8), 'passage', signal);
const started = performance.now();
const vectors = await embedder.embed(texts, 'passage', signal);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  JSON.stringify({ seconds, vectors: vectors.slice(0, 100).map((vector) => [...vector]) }),
);
