import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** The engine where systemd does not run: the same workers inside bubblewrap, as a person who is not root. */
const chat = 'smollm2-135m-instruct-q4-1';
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('engine-bwrap', [
    'nanite-engine',
    'nanite-llama',
    'nanite-model-smollm2-135m-instruct',
    'bubblewrap',
  ]);
  await machine.run('useradd --create-home ada && install -d -o ada /srv/engine');
  // systemd is hidden from the engine: that is how it knows.
  await machine.run(
    'systemd-run --quiet --unit=bare-engine --property=KillMode=process --property=TemporaryFileSystem=/run/systemd --uid=ada ' +
      '--setenv=NANITE_RUNTIME_DIR=/srv/engine --setenv=NANITE_STATE_DIR=/srv/engine/state /usr/sbin/nanite-engine',
  );
  await machine.run('until [ -S /srv/engine/engine.sock ]; do sleep 0.2; done');
});
afterAll(() => machine?.stop());

const ask = async (method: string, path: string, body: unknown = null): Promise<Record<string, unknown>> => {
  const script = `
    const call = require('http').request({ socketPath: '/srv/engine/engine.sock', method: '${method}', path: '${path}' }, (answer) => {
      answer.pipe(process.stdout);
    });
    call.end(${body === null ? '' : `JSON.stringify(${JSON.stringify(body)})`});`;
  return JSON.parse((await machine.run(['node', '-e', script])).stdout) as Record<string, unknown>;
};
const workerPid = async () =>
  (await machine.run('ps -eo pid,comm | awk \'$2 == "llama-server" {print $1}\' | tail -n1')).stdout.trim();

test('starts a worker that has no network and no privileges', async () => {
  expect(await ask('GET', '/v1/status')).toMatchObject({ launcher: 'bubblewrap' });
  expect(await ask('POST', '/v1/workers', { model: chat })).toMatchObject({ state: 'ready' });
  const pid = await workerPid();
  const namespace = async (of: string) => (await machine.run(`readlink /proc/${of}/ns/net`)).stdout;
  // Positive control: the engine itself is in the machine's own network.
  const engine = (await machine.run('systemctl show --value -p MainPID bare-engine')).stdout.trim();
  expect(await namespace(engine)).toBe(await namespace('1'));
  expect(await namespace(pid)).not.toBe(await namespace('1'));
  expect((await machine.run(`cat /proc/${pid}/status`)).stdout).toMatch(/CapEff:\s0+\n[^]*NoNewPrivs:\s1/);
});

test('the worker sees no home', async () => {
  const seen = (await machine.run(`ls /proc/${await workerPid()}/root/`)).stdout;
  expect(seen).toContain('usr');
  expect(seen).not.toContain('home');
});

test('a worker that is killed is noticed, and started again', async () => {
  const before = await workerPid();
  await machine.run(`kill -KILL ${before}`);
  expect(await ask('POST', '/v1/workers', { model: chat })).toMatchObject({ state: 'ready' });
  expect(await workerPid()).not.toBe(before);
});

test('nothing outlives the engine', async () => {
  await machine.run('kill -KILL $(systemctl show --value -p MainPID bare-engine)');
  await machine.run('sleep 1');
  expect(await workerPid()).toBe('');
});
