import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** `nanite serve` with the real engine, gateway, llama-server and model where systemd does not run. */
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('serve', [
    'nanite-server',
    'nanite-model-smollm2-135m-instruct',
    'nanite-gpu-detect',
    'bubblewrap',
  ]);
  await machine.run('useradd --create-home ada');
  // As in a container: nobody listens for us.
  await machine.run(
    "systemctl disable --now --quiet 'nanite-gateway.socket' nanite-gateway-tcp.socket nanite-gateway-tcp6.socket nanite-engine.socket && " +
      'systemctl stop nanite-gateway.service nanite-engine.service && rm -rf /run/nanite',
  );
});
afterAll(() => machine?.stop());

const ours = async (): Promise<string> =>
  (await machine.run("ps -eo user,args | grep -E 'nanite|llama|bwrap' | grep -v grep || true")).stdout;
const sockets = async (folder: string): Promise<string> =>
  (await machine.run(`find ${folder} -type s 2>/dev/null || true`)).stdout;
const exitCode = async (): Promise<string> => {
  await machine.run(
    'for i in $(seq 150); do case $(systemctl is-active serve) in active | deactivating) sleep 0.2 ;; *) exit 0 ;; esac; done; exit 1',
  );
  return (await machine.run('systemctl show --value -p ExecMainStatus serve')).stdout.trim();
};

describe.each([
  { user: 'ada', folder: '/tmp/nanite-$(id -u ada)/nanite' },
  { user: 'root', folder: '/run/nanite' },
])('as $user', ({ user, folder }) => {
  const start = async (): Promise<void> => {
    await machine.run('systemctl reset-failed serve', { check: false });
    // The services see no systemd: that is how they know.
    await machine.run(
      `systemd-run --quiet --unit=serve --property=KillMode=process --property=TemporaryFileSystem=/run/systemd --uid=${user} nanite serve`,
    );
    await machine.run(
      `for i in $(seq 100); do [ -S ${folder}/gateway.sock ] && exit 0; sleep 0.2; done; exit 1`,
    );
  };
  const ask = () => machine.run('nanite ask --max-tokens 20 "What is the capital of France?"', { user });

  test('answers a question, and Ctrl-C ends everything', async () => {
    await start();
    expect((await ask()).stdout).toContain('Paris');
    // Positive controls: what is looked for below is there now.
    expect(await ours()).toMatch(new RegExp(`^${user} .*llama-server`, 'm'));
    expect(await ours()).toContain('bwrap');
    expect(await sockets(folder)).toMatch(/gateway\.sock[^]*worker\.sock|worker\.sock[^]*gateway\.sock/);
    await machine.run('systemctl kill --kill-whom=main --signal=INT serve');
    expect(await exitCode()).toBe('130');
    // What has ended is a zombie until the first process has heard of it.
    await expect.poll(ours, { timeout: 10_000 }).toBe('');
    expect(await sockets(folder)).toBe('');
  });

  test('ends, says why and leaves nothing when the engine is killed', async () => {
    await start();
    expect((await ask()).stdout).toContain('Paris');
    await machine.run("kill -KILL $(pgrep -f '^[^ ]*node .*/engine/main.mjs')");
    expect(await exitCode()).toBe('137');
    expect((await machine.run('journalctl --unit=serve -o cat')).stdout).toContain(
      'nanite: engine ended (SIGKILL); stopping',
    );
    expect(await ours()).toBe('');
    expect(await sockets(folder)).toBe('');
  });
});

test('refuses a place in /tmp that somebody else made first', async () => {
  await machine.run('rm -rf /tmp/nanite-*; useradd eve && install -d -o eve /tmp/nanite-$(id -u ada)/nanite');
  const { code, stderr } = await machine.run('nanite serve', { user: 'ada', check: false, timeout: 20_000 });
  expect(code).toBe(1);
  expect(stderr).toMatch(/does not belong to you alone|EACCES/);
});
