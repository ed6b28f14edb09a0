import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** nanite-chroma: a vector database that only its own person reaches, that sends nothing, and that is gone when stopped. */
let machine: Machine;
const alice = 'XDG_RUNTIME_DIR=/run/user/1001';
const ask = 'curl -sS -m 10 --unix-socket /run/user/1001/nanite/chroma.sock http://x/api/v2/version';
const overTcp = 'curl -sS -m 3 http://127.0.0.1:8000/api/v2/version';
const run = (command: string, user?: string) =>
  machine.run(['bash', '-c', command], { check: false, user, timeout: 60_000 });
const servers = async () => (await run('pgrep -u alice -x node | wc -l')).stdout.trim();

beforeAll(async () => {
  machine = await Machine.withPackages('chroma', [
    'nanite-chroma',
    'libpam-systemd',
    'dbus-user-session',
    'curl',
    'strace',
  ]);
  await machine.run(
    'useradd -m -u 1001 alice; useradd -m -u 1002 bob; loginctl enable-linger alice; ' +
      'timeout 30 sh -c "until test -S /run/user/1001/nanite/chroma.sock; do sleep 0.1; done"',
  );
});
afterAll(() => machine?.stop());

/** Chroma's server as its authors start it: on a TCP port, in the network that all share. */
const plainServer = (and: string, prefix = '') =>
  `mkdir -p ~/plain; printf 'listen_address: "127.0.0.1"\\nport: 8000\\npersist_path: "/home/alice/plain"\\n' >~/plain.yaml
   ${prefix} node /usr/lib/nanite/chroma/server.mjs ~/plain.yaml >/dev/null 2>&1 & server=$!
   timeout 10 sh -c 'until ${overTcp} >/dev/null 2>&1; do sleep 0.1; done'; ${and}`;

describe('who can reach it', () => {
  test('control: without the unit, every user of the machine can', async () => {
    await run(`(${plainServer('sleep 5; kill -KILL $server')}) >/dev/null 2>&1 & sleep 2`, 'alice');
    expect((await run(overTcp, 'bob')).stdout).toContain('1.0.0');
    await run('sleep 4');
    expect(await servers()).toBe('0');
  });

  test('its own person, through the socket, which starts it', async () => {
    expect((await run(ask, 'alice')).stdout).toContain('1.0.0');
  });

  test('nobody else: not through the socket, not over TCP', async () => {
    expect((await run(ask, 'bob')).code).not.toBe(0);
    expect((await run(overTcp, 'bob')).code).not.toBe(0);
    // It runs meanwhile, and its person's other programs do not reach the port either: it is in a network of its own.
    expect(await servers()).toBe('1');
    expect((await run(overTcp, 'alice')).code).not.toBe(0);
    expect((await run('ls /home/alice/.local/state/nanite/chroma', 'bob')).code).not.toBe(0);
  });

  test('it does not start where it would be in the network that all share', async () => {
    await run(
      `mkdir -p /etc/systemd/user/nanite-chroma.service.d; printf '[Service]\\nPrivateNetwork=no\\n' >/etc/systemd/user/nanite-chroma.service.d/shared.conf`,
    );
    await run(
      `${alice} systemctl --user stop nanite-chroma.service; ${alice} systemctl --user daemon-reload`,
      'alice',
    );
    expect((await run(ask, 'alice')).code).not.toBe(0);
    expect((await run(overTcp, 'bob')).code).not.toBe(0);
    const { stdout } = await run('journalctl --no-pager _UID=1001');
    expect(stdout).toContain('open to every user');
    // The limit of starts that systemd keeps counts for two seconds.
    await run('rm -r /etc/systemd/user/nanite-chroma.service.d; sleep 3');
    await run(
      `${alice} systemctl --user daemon-reload; ${alice} systemctl --user reset-failed; ${alice} systemctl --user restart nanite-chroma.socket`,
      'alice',
    );
    expect((await run(ask, 'alice')).stdout).toContain('1.0.0');
  });
});

describe('its end', () => {
  test('control: the server alone outlives SIGTERM', async () => {
    await run(`${alice} systemctl --user stop nanite-chroma.service`, 'alice');
    const { stdout } = await run(
      plainServer('kill -TERM $server; sleep 2; kill -0 $server && echo alive; kill -KILL $server'),
      'alice',
    );
    expect(stdout).toContain('alive');
  });

  test('stopping the unit ends it, without a fault', async () => {
    await run(ask, 'alice');
    expect(await servers()).toBe('1');
    await run(`${alice} systemctl --user stop nanite-chroma.service`, 'alice');
    expect(await servers()).toBe('0');
    const { stdout } = await run(`${alice} systemctl --user show -P Result nanite-chroma.service`, 'alice');
    expect(stdout.trim()).toBe('success');
  });

  test('a server that was killed is there again for the next request', async () => {
    await run(ask, 'alice');
    await run('kill -KILL $(pgrep -u alice -x node); sleep 0.5', 'alice');
    expect((await run(ask, 'alice')).stdout).toContain('1.0.0');
  });
});

test('it connects to nothing', async () => {
  await run(`${alice} systemctl --user stop nanite-chroma.service`, 'alice');
  const trace = 'strace -qq -f -e trace=connect,sendto,sendmsg -o /tmp/trace';
  // Control: the trace shows a program that does.
  await run(`strace -qq -f -e trace=connect -o /tmp/control curl -m 1 http://203.0.113.7/ || true`);
  expect((await run('cat /tmp/control')).stdout).toContain('203.0.113.7');
  const collections =
    'http://127.0.0.1:8000/api/v2/tenants/default_tenant/databases/default_database/collections';
  const { stdout } = await run(
    plainServer(
      `curl -sS -m 5 -H 'content-type: application/json' -d '{"name":"things"}' ${collections}; sleep 3; kill -KILL $(pgrep -u alice -x node)`,
      trace,
    ),
    'alice',
  );
  expect(stdout).toContain('"name":"things"');
  const { stdout: calls } = await run("grep -E 'AF_INET|AF_INET6' /tmp/trace | grep -v 127.0.0.1 || true");
  expect(calls).toBe('');
});
