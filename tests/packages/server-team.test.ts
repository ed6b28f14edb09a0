import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** nanite-server switches the team's knowledge on, once, whichever package comes first, and overrules nobody. */
let machine: Machine;
const sh = (command: string) => machine.run(command, { check: false, timeout: 300_000 });
const apt = async (words: string) => {
  const { code, stdout, stderr } = await sh(
    `DEBIAN_FRONTEND=noninteractive apt-get ${words} -y --no-install-recommends`,
  );
  expect(code, stdout + stderr).toBe(0);
};
const state = async () =>
  (await sh('systemctl is-enabled nanite-rag-team.socket; systemctl is-active nanite-rag-team.socket')).stdout
    .trim()
    .split('\n');

beforeAll(async () => {
  machine = await Machine.withDependencies('server-team', ['nanite-rag', 'nanite-server']);
});
afterAll(() => machine?.stop());

test('nanite-rag alone leaves it off', async () => {
  await apt('install nanite-rag');
  expect(await state()).toEqual(['disabled', 'inactive']);
});

test('nanite-server after it switches it on', async () => {
  await apt('install nanite-server');
  expect(await state()).toEqual(['enabled', 'active']);
});

test('who has switched it off is not overruled by an upgrade of either', async () => {
  await sh('systemctl disable --now nanite-rag-team.socket');
  await apt('install --reinstall nanite-rag nanite-server');
  expect(await state()).toEqual(['disabled', 'inactive']);
});

test('nanite-rag after nanite-server is switched on when it comes', async () => {
  await apt('purge nanite-rag');
  expect((await state())[0]).not.toBe('enabled');
  await apt('install nanite-rag');
  expect(await state()).toEqual(['enabled', 'active']);
});
