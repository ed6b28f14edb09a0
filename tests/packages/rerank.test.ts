import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';
import { markerGguf } from './rerankers/gguf-marker';
import { overlapOnnx } from './rerankers/onnx-overlap';

/**
 * Reranking, all the way: models get into the store, the gateway asks their workers, search goes by them. No trained
 * reranker can be had from a registry, so two real ones that learned nothing are made here: docs/decisions/0120.
 */
let machine: Machine;
let folder: string;

interface Ranked {
  results: Array<{ index: number; relevance_score: number; document?: { text: string } }>;
  error?: { code: string; message: string };
}
const root = (command: string) => machine.run(['bash', '-c', command], { check: false, timeout: 120_000 });
const ada = (command: string) =>
  machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/1001; cd; ${command}`], {
    check: false,
    user: 'ada',
    timeout: 120_000,
  });
async function rerank(body: object, path = '/v1/rerank'): Promise<Ranked> {
  const { stdout, stderr } = await ada(
    `curl -sS http://localhost:11434${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Ranked;
}

beforeAll(async () => {
  machine = await Machine.withPackages('rerank', [
    ...['nanite-rag', 'nanite-chroma', 'nanite-cli', 'nanite-gateway', 'nanite-engine', 'nanite-models'],
    ...['nanite-llama', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5'],
    ...['libpam-systemd', 'dbus-user-session', 'curl', 'polkitd'],
  ]);
  await machine.run('useradd -m -u 1001 ada; loginctl enable-linger ada');
  await root('timeout 30 sh -c "until test -S /run/user/1001/nanite/chroma.sock; do sleep 0.1; done"');
  // The tokenizer of the model that ships: 30,522 pieces of words.
  const { stdout: tokenizer } = await root('cat /usr/share/nanite/models/bge-small-en-v1.5/tokenizer.json');
  const { model } = JSON.parse(tokenizer) as { model: { vocab: Record<string, number> } };
  const vocabulary = Object.entries(model.vocab)
    .sort((a, b) => a[1] - b[1])
    .map(([token]) => token);
  folder = mkdtempSync(join(tmpdir(), 'rerankers-'));
  writeFileSync(join(folder, 'model.onnx'), overlapOnnx(vocabulary.indexOf('[MASK]')));
  writeFileSync(join(folder, 'tokenizer.json'), tokenizer);
  writeFileSync(join(folder, 'marker.gguf'), markerGguf(vocabulary, ['gold', 'silver']));
  await root('mkdir -p /srv/onnx/overlap /srv/gguf');
  for (const name of ['model.onnx', 'tokenizer.json']) machine.copy(join(folder, name), '/srv/onnx/overlap');
  machine.copy(join(folder, 'marker.gguf'), '/srv/gguf');
});
afterAll(() => {
  machine?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

const documents = [
  'the cat sleeps',
  'honey bees dance in the hive',
  'bees sleep',
  'gold and silver and gold',
];

describe.each([
  ['an ONNX cross-encoder', '/srv/onnx', 'overlap', 'where do honey bees dance', 1],
  ['a GGUF reranker, by llama-server', '/srv/gguf', 'marker', 'metal', 3],
])('%s', (_, from, model, query, best) => {
  test('is known for one by its header when it comes into the store', async () => {
    const { stderr, code } = await root(`nanite models import ${from}`);
    expect(stderr + String(code)).toMatch(/0$/);
    const { stdout } = await root(`nanite models show ${model} --json`);
    expect(stdout).toContain('"rerank"');
  });

  test('puts texts in order', async () => {
    const { results, error } = await rerank({ model, query, documents, return_documents: true });
    expect(error).toBeUndefined();
    expect(results.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3]);
    expect(results[0]).toMatchObject({ index: best, document: { text: documents[best] } });
    expect(results[0]!.relevance_score).toBeGreaterThan(results[1]!.relevance_score + 0.1);
    for (const { relevance_score } of results) {
      expect(relevance_score).toBeGreaterThanOrEqual(0);
      expect(relevance_score).toBeLessThanOrEqual(1);
    }
    const one = await rerank({ model, query, documents, top_n: 1 }, '/api/rerank');
    expect(one.results).toEqual([{ index: best, relevance_score: results[0]!.relevance_score }]);
  });

  test('cuts what is too long, and refuses it where it must not', async () => {
    const long = `${documents[best]} ${'and so on '.repeat(1000)}`;
    const { results } = await rerank({ model, query, documents: ['nothing', long] });
    expect(results[0]!.index).toBe(1);
    const whole = await rerank({ model, query, documents: [long], truncate: false });
    expect(whole.error?.code).toBe('context_length_exceeded');
  });

  test('neither chats nor embeds', async () => {
    for (const [path, body] of [
      ['/v1/embeddings', { model, input: 'x' }],
      ['/v1/chat/completions', { model, messages: [{ role: 'user', content: 'x' }] }],
    ] as const) {
      expect((await rerank(body, path)).error?.code).toBe('not_supported');
    }
  });
});

test('does not take an embedding model for a reranker', async () => {
  const { error } = await rerank({ model: 'bge-small', query: 'x', documents });
  expect(error).toMatchObject({ code: 'not_supported' });
});

interface Found {
  hits: Array<{ passage: { path: string }; score: number; ranks: { rerank?: number } }>;
  notes: string[];
}
const search = async (query: string): Promise<Found> => {
  const { stdout, stderr } = await ada(`nanite search --json -- '${query}'`);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Found;
};
const configure = async (text: string) => {
  await ada(`mkdir -p .config/nanite; printf '%s' '${text}' >.config/nanite/config.yaml`);
  await ada('systemctl --user stop nanite-rag.service');
};

test('search goes by the reranker that settings name, says so, and keeps its scores', async () => {
  // What is asked stands in one; the other is all of gold.
  await ada(`mkdir notes; echo 'How to polish metal: use a soft cloth and patience.' >notes/polish.txt
    echo 'A ring of gold, a cup of silver, gold thread and gold leaf, silver wire.' >notes/treasure.txt
    echo 'Bread is baked from flour, water and salt.' >notes/bread.txt
    nanite knowledge add notes`);
  await expect
    .poll(async () => (await ada('nanite knowledge list --json')).stdout, { timeout: 60_000 })
    .toMatch(/"embedded": ?3/);
  await configure('knowledge: {rerank: "off"}');
  const without = await search('how to polish metal');
  expect(without.hits[0]!.passage.path).toContain('polish.txt');
  expect(without.hits[0]!.ranks.rerank).toBeUndefined();

  await configure('knowledge: {rerank: marker}');
  const reordered = await search('how to polish metal');
  expect(reordered.notes).toEqual([]);
  expect(reordered.hits[0]!.passage.path).toContain('treasure.txt');
  expect(reordered.hits[0]!.ranks.rerank).toBe(1);
  const score = ({ hits }: Found, name: string) =>
    hits.find(({ passage }) => passage.path.includes(name))!.score;
  expect(score(reordered, 'polish')).toBeCloseTo(score(without, 'polish'), 6);

  // Found by itself: the first that is installed.
  await configure('knowledge: {}');
  expect((await search('how to polish metal')).hits[0]!.ranks.rerank).toBe(1);
  expect((await ada('nanite knowledge list')).stdout).toMatch(/in order by (marker|overlap)/);
});

test('search goes on where the reranker is gone', async () => {
  await configure('knowledge: {rerank: nobody}');
  const { hits, notes } = await search('how to polish metal');
  expect(hits[0]!.passage.path).toContain('polish.txt');
  expect(notes.join()).toMatch(/passages are not reranked: .*nobody/);
});
