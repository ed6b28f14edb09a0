import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** What a team shares, found by meaning: with the gateway, the model and the Chroma that ship, as the service's own user. */
let machine: Machine;
const sh = (command: string, user?: string) =>
  machine.run(['bash', '-c', `cd; ${command}`], { check: false, user, timeout: 120_000 });
const must = async (command: string, user?: string) => {
  const { code, stdout, stderr } = await sh(command, user);
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
interface Answer {
  hits: Array<{ passage: { path: string }; ranks: { dense: number | null } }>;
  notes: string[];
}
const byMeaning = async (user: string, query: string) => {
  const { stdout } = await sh(`nanite search --team --json --mode dense "${query}"`, user);
  const { hits, notes } = JSON.parse(stdout) as Answer;
  expect(notes).toEqual([]);
  return hits.map(({ passage }) => passage.path.replace('/srv/handbook/', ''));
};

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-team-meaning', ['nanite-rag', 'nanite-cli', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5', 'curl']); // prettier-ignore
  await must(`useradd -m -u 1001 ada; useradd -m -u 1002 bob; mkdir -p /srv/handbook; cd /srv/handbook
    echo 'A cat sleeps most of the day and hunts mice at night.' >cat.txt; chown ada cat.txt; chmod 600 cat.txt
    echo 'Flour, water and yeast are kneaded and baked.' >bread.txt; echo 'Bees collect nectar and make honey.' >bees.txt
    systemctl enable --now nanite-rag-team.socket; nanite knowledge add --team --no-wait /srv/handbook`);
});
afterAll(() => machine?.stop());

test('all is embedded, and held by a Chroma that only the service reaches', async () => {
  const embedded = async () =>
    (
      JSON.parse(await must('nanite knowledge show --team --json handbook')) as {
        progress: { chunks: { embedded: number } };
      }
    ).progress.chunks.embedded;
  await expect.poll(embedded, { timeout: 120_000, interval: 1000 }).toBe(3);
  expect(await must('systemctl is-active nanite-rag-chroma.service')).toBe('active\n');
  const version = 'curl -sS -m 5 --unix-socket /run/nanite/chroma.sock http://x/api/v2/version';
  expect(await must(version)).toContain('1.0.0');
  expect((await sh(version, 'bob')).code).not.toBe(0);
  expect((await sh('curl -sS -m 3 http://127.0.0.1:8000/api/v2/version', 'bob')).code).not.toBe(0);
});

test('each finds by meaning what they may read', async () => {
  // No word of the question stands in any of the files.
  const question = 'which pet is awake in the dark';
  expect((await byMeaning('ada', question))[0]).toBe('cat.txt');
  expect((await byMeaning('bob', question)).sort()).toEqual(['bees.txt', 'bread.txt']);
  await must('chmod 644 /srv/handbook/cat.txt');
  await expect.poll(async () => (await byMeaning('bob', question))[0], { timeout: 20_000 }).toBe('cat.txt');
});

test('its Chroma ends when it is stopped, without a fault, however often', async () => {
  const seconds = Number(
    await must(
      `unit=nanite-rag-chroma.service; from=$(date +%s)
       for i in $(seq 12); do
         curl -sS -m 20 -o /dev/null --unix-socket /run/nanite/chroma.sock http://x/api/v2/version || exit 1
         systemctl stop $unit
         [ "$(systemctl show -P Result $unit)" = success ] || { systemctl status $unit; exit 1; }
       done
       echo $(($(date +%s) - from))`,
    ),
  );
  // One that is waited for in vain takes the 15 s of the unit's TimeoutStopSec=.
  expect(seconds).toBeLessThan(60);
});
