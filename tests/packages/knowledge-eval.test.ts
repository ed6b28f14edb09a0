import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** `nanite knowledge eval` with the programs, the model and the Chroma that ship. */
let machine: Machine;
const run = (command: string) =>
  machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/1001; cd; ${command}`], {
    check: false,
    user: 'ada',
    timeout: 120_000,
  });
const evaluate = (words: string) => run(`node /usr/lib/nanite/rag/eval.mjs ${words}`);

const documents = [
  ['cats', 'Cats', 'A cat sleeps most of the day and hunts mice at night.'],
  ['bread', 'Bread', 'Flour, water, salt and yeast are kneaded, left to rise, and baked.'],
  ['bees', 'Bees', 'Bees collect nectar from flowers and make honey in their hive.'],
  ['rail', 'Trains', 'Locomotives pull carriages over rails from station to station.'],
];
const questions = [
  ['1', 'how is a loaf made in the oven', 'bread'],
  ['2', 'which pet is awake in the dark', 'cats'],
  ['3', 'where does honey come from', 'bees'],
];

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-eval', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5', 'libpam-systemd', 'dbus-user-session', 'curl']); // prettier-ignore
  await machine.run(
    'useradd -m -u 1001 ada; loginctl enable-linger ada; ' +
      'timeout 30 sh -c "until test -S /run/user/1001/nanite/chroma.sock; do sleep 0.1; done"',
  );
  const lines = (values: unknown[]) => values.map((value) => JSON.stringify(value)).join('\n');
  const files = {
    'corpus.jsonl': lines(documents.map(([_id, title, text]) => ({ _id, title, text }))),
    'queries.jsonl': lines(questions.map(([_id, text]) => ({ _id, text }))),
    'qrels/test.tsv': [
      'query-id\tcorpus-id\tscore',
      ...questions.map(([id, , at]) => `${id}\t${at}\t1`),
    ].join('\n'),
  };
  await run('mkdir -p beir/qrels');
  for (const [name, text] of Object.entries(files)) {
    await machine.run(['tee', `/home/ada/beir/${name}`], { input: `${text}\n` });
  }
});
afterAll(() => machine?.stop());

test('measures words, meaning and both, and leaves nothing behind', async () => {
  const { stdout, stderr, code } = await evaluate('--json -- beir');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const found = JSON.parse(stdout) as Record<string, Record<string, number>>;
  // Meaning finds what no word says: "loaf", "oven" and "pet" stand in no document.
  expect(found['dense']!['ndcg@10']).toBe(1);
  expect(found['sparse']!['ndcg@10']).toBeLessThan(1);
  expect(found['hybrid']!['mrr']).toBeGreaterThan(found['sparse']!['mrr']!);
  expect(found['hybrid']!['recall@100']).toBe(1);
  expect(found['questions']).toBe(3);
  const left = await run(
    'curl -sS --unix-socket /run/user/1001/nanite/chroma.sock http://x/api/v2/tenants/default_tenant/databases/default_database/collections; ls /tmp | grep nanite-eval',
  );
  expect(left.stdout.trim()).toBe('[]');
});

test('prints a table for people', async () => {
  const { stdout } = await evaluate('-- beir');
  expect(stdout).toMatch(/BEIR: 4 documents, 3 questions/);
  expect(stdout).toMatch(/hybrid +[01]\.\d{4} +1\.0000/);
  expect(stdout).toContain('paired randomisation');
});

test('says what is wrong with a folder', async () => {
  await run('mkdir -p wrong; touch wrong/corpus.jsonl');
  const { code, stderr } = await evaluate('--json -- wrong');
  expect(code).toBe(1);
  expect(stderr).toContain('has corpus.jsonl but not queries.jsonl, qrels/test.tsv');
});

test('says what is down', async () => {
  await run('systemctl --user stop nanite-chroma.socket nanite-chroma.service');
  const { code, stderr } = await evaluate('--json -- beir');
  expect(code).toBe(1);
  expect(stderr).toContain('Chroma, which holds the vectors, does not answer');
  await run('systemctl --user start nanite-chroma.socket');
});
