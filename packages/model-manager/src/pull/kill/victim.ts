/**
 * A process that changes a store at random until it is killed, and says on its standard output what it begins and what
 * is done: `begin NAME change|removal`, `is NAME SHA256`, `gone NAME`. Arguments: folder of the store, seed.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { PullRequest } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { Store } from '../../store';
import { copyModel, createModel, Puller } from '..';
import { FakeSources } from '../__fixtures__/tools';

const [folder = '', seed = '1'] = process.argv.slice(2);

/** mulberry32: the same seed gives the same bytes. The order of steps is left to the event loop. */
function randomOf(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomOf(Number(seed));
const below = (n: number) => Math.floor(random() * n);
const say = (...words: string[]) => void writeSync(1, `${words.join(' ')}\n`);

const sources = new FakeSources();
sources.pieceBytes = 8192;
const store = Store.open({
  root: folder,
  packages: '/nonexistent',
  quotaBytes: null,
  reserveBytes: 0,
  log: createLog(() => undefined),
});
const puller = new Puller(store, sources.tools, { chunkBytes: 65536, parallel: 1, bytesPerSecond: null });
const asked = { uid: 0, signal: new AbortController().signal, report: () => undefined };

/** A few contents only, so that models share blobs and a blob comes and goes. */
const content = (n: number) => {
  const block = createHash('sha512').update(String(n)).digest();
  return Buffer.concat(Array.from({ length: 100 + n * 137 }, () => block));
};

async function pull(name: string, promised?: string): Promise<void> {
  sources.offer(name, [
    { name: 'weights.gguf', bytes: content(below(12)), ...(promised !== undefined && { promised }) },
    { name: 'tokenizer.json', bytes: content(20 + below(3)), role: 'tokenizer' },
  ]);
  const { manifest } = await puller.pull(PullRequest.parse({ reference: name }), asked);
  say('is', manifest.name, manifest.files[0]!.sha256);
}

/** One step on a model of this lane; lanes run beside each other and share blobs, not names. */
async function step(lane: string): Promise<void> {
  const name = `${lane}:${below(4)}`;
  const other = `${lane}:${below(4)}`;
  const kind = below(10);
  say('begin', name, kind === 9 ? 'removal' : 'change');
  if (kind < 4) return pull(name);
  if (kind === 4) {
    // Bytes that are not what was promised: must never be seen.
    await pull(name, 'f'.repeat(64));
    return say('is', name, 'LIE');
  }
  if (kind === 5) {
    const { manifest } = await createModel(puller, { model: name, from: other, system: 'x' }, asked);
    return say('is', manifest.name, manifest.files[0]!.sha256);
  }
  if (kind === 6) {
    const { manifest } = await copyModel(puller, other, name, asked);
    return say('is', manifest.name, manifest.files[0]!.sha256);
  }
  if (kind === 7) {
    const { manifest, record } = store.find(name);
    const source = store.find(other);
    store.stage({ ...manifest, files: source.manifest.files }, record);
    const now = store.switchToStaged(manifest.id);
    return say('is', name, now.manifest.files[0]!.sha256);
  }
  if (kind === 8) {
    const now = store.switchBack(store.find(name).manifest.id);
    return say('is', name, now.manifest.files[0]!.sha256);
  }
  store.remove(store.find(name));
  say('gone', name);
}

async function run(lane: string): Promise<void> {
  for (;;) {
    try {
      await step(lane);
    } catch {
      // Nothing there to copy, remove or go back to, or a lie found out: the state is what it was.
    }
    // A step that failed has changed nothing; the parent keeps both possibilities, which is looser and still true.
    await new Promise(setImmediate);
  }
}

async function collect(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 5 + below(20)));
    store.collectGarbage(puller.fetches.inUse);
  }
}

say('ready');
void Promise.all([run('a'), run('b'), run('c'), collect()]);
