import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * A person with a clean Debian 13 adds the repository, installs nanite-server, pipes a question, sees the worker die under an
 * answer, and asks again. The tests are chapters of one story: they run in order on one machine.
 */
const checkout = resolve(import.meta.dirname, '../..');
const person = 'ada';
let machine: Machine;

beforeAll(async () => {
  machine = Machine.boot('first-answer', {
    network: 'host',
    binds: [`${resolve(checkout, 'dist')}:/srv/nanite`],
  });
  await machine.run(`useradd --create-home ${person}`);
});
afterAll(() => machine?.stop());

const ask = (arguments_: string, input = '') =>
  machine.run(`nanite ask --seed 1 --temperature 0 --max-tokens 60 ${arguments_}`, {
    user: person,
    input,
    check: false,
  });

const worker = async (): Promise<string> =>
  (
    await machine.run("systemctl list-units --plain --no-legend 'nanite-model@*' | awk '{print $1}'")
  ).stdout.trim();

test('adds the repository and installs by apt, without a warning', async () => {
  machine.copy(resolve(checkout, 'tools/demo/install-nanite'), '/usr/local/sbin');
  const { stdout, stderr } = await machine.run(
    'install-nanite file:///srv/nanite/repo /srv/nanite/repo nanite-server nanite-model-smollm2-135m-instruct',
    { timeout: 300_000 },
  );
  expect(`${stdout}${stderr}`).not.toMatch(/^(W|E|warning|error):/im);
  expect((await machine.run('systemctl --failed --plain --no-legend')).stdout).toBe('');
  expect((await machine.run('apt-get -s install nanite-server')).stdout).toContain(
    'is already the newest version',
  );
});

test('nothing of ours runs before it is asked', async () => {
  const processes = await machine.run('ps -eo args | grep -v grep | grep /usr/lib/nanite/ || true');
  expect(processes.stdout).toBe('');
  expect((await machine.run('systemctl is-active nanite-gateway.socket')).stdout).toBe('active\n');
});

test('answers a question with a real model', async () => {
  const { stdout, stderr, code } = await ask('"What is the capital of France?"');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain('Paris');
});

test('answers about what comes through a pipe', async () => {
  const { stdout, code } = await ask(
    '"What year does the text say?"',
    'The lighthouse of Smalltown was built in 1871.\n',
  );
  expect(code).toBe(0);
  expect(stdout).toContain('1871');
});

// That these hold is shown, attack first, in tests/packages/engine.test.ts.
test('the worker is to run without a network, as a user of its own, under a memory limit', async () => {
  const unit = await worker();
  expect(unit).toMatch(/^nanite-model@.*\.service$/);
  const show = await machine.run(`systemctl show ${unit} -p User,PrivateNetwork,MemoryMax,NoNewPrivileges`);
  expect(show.stdout).toContain('User=nanite-model\n');
  expect(show.stdout).toContain('PrivateNetwork=yes\n');
  expect(show.stdout).toContain('NoNewPrivileges=yes\n');
  expect(show.stdout).not.toContain('MemoryMax=infinity');
});

test('killing the worker mid-answer gives an error at once, and the next question is answered', async () => {
  const unit = await worker();
  const { stdout, stderr, code } = await machine.run(
    `nanite ask --max-tokens 2000 "Write a very long story about a lighthouse and the sea." >/tmp/answer 2>/tmp/error &
     for i in $(seq 600); do [ -s /tmp/answer ] && break; sleep 0.05; done
     systemctl kill --signal=KILL ${unit}
     wait $!; code=$?; cat /tmp/answer; cat /tmp/error >&2; exit $code`,
    { check: false },
  );
  expect(stdout).not.toBe('');
  expect(code).not.toBe(0);
  // 124 is the harness giving up on a client that was left waiting.
  expect(code).not.toBe(124);
  expect(stderr).toMatch(/model|worker/i);
  expect((await ask('"What is the capital of France?"')).stdout).toContain('Paris');
});

test('an unknown model is named, with what there is', async () => {
  const { code, stderr } = await ask('--model smolm2:135m "hello"');
  expect(code).not.toBe(0);
  expect(stderr).toContain('smollm2');
});

test('status tells what runs and why', async () => {
  const { stdout } = await machine.run('nanite status --json', { user: person });
  const status = JSON.parse(stdout) as object;
  expect(JSON.stringify(status)).toContain('smollm2');
});

test('purging everything leaves the machine without us', async () => {
  await machine.run("apt-get purge -y 'nanite*'");
  const left = await machine.run(
    "find / -xdev -iname '*nanite*' -not -path '/proc/*' -not -path '/srv/*' -not -path '/var/log/*' -not -path '/var/lib/apt/*' " +
      "-not -path '/var/cache/*' -not -path '/home/*' -not -path '/usr/local/*' -not -path '/tmp/*' -not -path '/run/*'",
  );
  // The key and the .sources file were put there by the person.
  const own = ['/etc/apt/sources.list.d/nanite.sources', '/usr/share/keyrings/nanite-archive-keyring.asc'];
  expect(left.stdout.split('\n').filter((path) => path !== '' && !own.includes(path))).toEqual([]);
});
