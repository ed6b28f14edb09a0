import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** nanite-rag at rest: nothing of it runs but who waits for changes. The tests run in order. */
let machine: Machine;
const socket = '/run/user/1001/nanite/rag.sock';
const userctl = 'XDG_RUNTIME_DIR=/run/user/1001 systemctl --user';

const ada = async (command: string): Promise<string> =>
  (
    await machine.run(['bash', '-c', `cd ~ || exit; ${command}`], {
      user: 'ada',
      check: false,
      timeout: 120_000,
    })
  ).stdout;
const state = async (unit: string): Promise<string> => (await ada(`${userctl} is-active ${unit}`)).trim();
const pidOf = async (unit: string): Promise<string> =>
  (await ada(`${userctl} show -P MainPID ${unit}`)).trim();
const search = async (word: string): Promise<number> => {
  const body = JSON.stringify({ query: word, mode: 'sparse' });
  const said = await ada(`curl -sS -m 30 --unix-socket ${socket} --json '${body}' http://x/v1/search`);
  return (JSON.parse(said) as { hits: unknown[] }).hits.length;
};
/** Without asking the service, which would start it. */
const indexed = async (name: string): Promise<boolean> =>
  (
    await ada(
      `node -e "const s = require('sqlite3'); new s.Database('.local/state/nanite/knowledge/index.db', s.OPEN_READONLY)` +
        `.get(\\"SELECT count(*) AS n FROM files WHERE CAST(path AS TEXT) LIKE '%/${name}' AND state = 'indexed'\\", (e, r) => console.log(e ?? r.n))"`,
    )
  ).trim() === '1';
const rest = () =>
  expect
    .poll(async () => [await state('nanite-rag.service'), await state('nanite-rag-watch.service')], {
      timeout: 180_000,
      interval: 1_000,
    })
    .toEqual(['inactive', 'active']);

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-rest', [
    'nanite-rag',
    'libpam-systemd',
    'dbus-user-session',
    'curl',
  ]);
  await machine.run(
    'useradd --create-home -u 1001 ada; loginctl enable-linger ada; ' +
      `timeout 30 sh -c "until test -S ${socket}; do sleep 0.1; done"`,
  );
});
afterAll(() => machine?.stop());

test('ends when nothing is left to do, and leaves little behind that does nothing', async () => {
  await ada(
    `mkdir -p docs/sub; for n in $(seq 50); do echo "heron $n" >docs/sub/$n.txt; done
     curl -sS --unix-socket ${socket} -X PUT --json '{"roots":["/home/ada/docs"]}' http://x/v1/collections/docs`,
  );
  await expect.poll(() => search('heron'), { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await state('nanite-rag-watch.service')).toBe('inactive');
  await rest();
  const pid = await pidOf('nanite-rag-watch.service');
  const switches = async () =>
    Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(await ada(`cat /proc/${pid}/status`))?.[1]);
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(await ada(`cat /proc/${pid}/status`))?.[1]);
  const before = await switches();
  await new Promise((done) => setTimeout(done, 20_000));
  console.log(`at rest: ${rss} KB, ${(await switches()) - before} wake-ups in 20 s`);
  expect((await switches()) - before).toBe(0);
  expect(rss).toBeGreaterThan(0);
  expect(rss).toBeLessThan(20_000);
  // All of the person's processes with a part of nanite-rag in their command line.
  expect((await ada("pgrep -fc '[/]usr/lib/nanite/rag'")).trim()).toBe('1');
}, 300_000);

test('is as confined as the service, and has no network', async () => {
  const exposure = async (unit: string) =>
    Number(/: ([\d.]+)/.exec(await ada(`XDG_RUNTIME_DIR=/run/user/1001 systemd-analyze --user security --no-pager ${unit} | tail -n1`))?.[1]); // prettier-ignore
  expect(await exposure('nanite-rag-watch.service')).toBeLessThanOrEqual(1.5);
});

test('wakes for a change, indexes it within seconds, and rests again', async () => {
  const since = Date.now();
  await ada('echo "a bittern" >docs/new.txt');
  await expect.poll(() => indexed('new.txt'), { timeout: 60_000, interval: 100 }).toBe(true);
  console.log(`a change at rest is in the index after ${(Date.now() - since) / 1000} s`);
  expect(await state('nanite-rag.service')).toBe('active');
  expect(await state('nanite-rag-watch.service')).toBe('inactive');
  await rest();
}, 300_000);

test('wakes for a question, and nobody else keeps watch then', async () => {
  const since = Date.now();
  expect(await search('bittern')).toBe(1);
  console.log(`the first answer after a rest takes ${(Date.now() - since) / 1000} s`);
  await expect.poll(() => state('nanite-rag-watch.service'), { timeout: 30_000 }).toBe('inactive');
  // It is the service now that sees what changes.
  await ada('rm docs/new.txt');
  await expect.poll(() => search('bittern'), { timeout: 30_000 }).toBe(0);
});

test('stays stopped where it was stopped', async () => {
  await ada(`${userctl} stop nanite-rag.service`);
  await new Promise((done) => setTimeout(done, 2_000));
  expect([await state('nanite-rag.service'), await state('nanite-rag-watch.service')]).toEqual([
    'inactive',
    'inactive',
  ]);
});

test('nothing in the journal went wrong', async () => {
  expect(
    (await machine.run('journalctl -o cat --no-pager -p err _UID=1001', { check: false })).stdout.trim(),
  ).toBe('');
});
