import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

const target = resolve(import.meta.dirname, '../../tools/target/target');
const cache = process.env['NANITE_CACHE'] ?? '/var/cache/nanite';
const machines = () => (existsSync(join(cache, 'machines')) ? readdirSync(join(cache, 'machines')) : []);
const enter = (root: string, script: string) =>
  spawnSync(target, ['enter', '-r', root, 'sh', '-c', script], { encoding: 'utf8' });

describe('an entered root', () => {
  test('is trixie, and keeps nothing of what a command writes outside the checkout and the cache', () => {
    const first = enter('clean', '. /etc/os-release; echo "$VERSION_CODENAME"; touch /usr/stray /tmp/stray');
    expect(first.stdout).toBe('trixie\n');
    expect(enter('clean', 'ls /usr/stray /tmp/stray').status).not.toBe(0);
  });

  test('passes on the exit code, and says which roots there are when asked for another', () => {
    expect(enter('clean', 'exit 7').status).toBe(7);
    const unknown = enter('nosuch', 'true');
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(/no root named 'nosuch': there is .*build.*clean/);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('takes everything it started with it on %s', async (signal) => {
    const mark = `sleep 4${process.pid}`;
    const running = () => spawnSync('pgrep', ['-f', `^${mark}$`]).status === 0;
    const session = spawn(target, ['enter', '-r', 'clean', 'sh', '-c', `setsid ${mark} & ${mark}`], {
      stdio: 'ignore',
    });
    await expect.poll(running, { timeout: 10_000 }).toBe(true);
    session.kill(signal);
    await expect.poll(running, { timeout: 10_000 }).toBe(false);
  });

  test('lets Ctrl-C end the command itself, though it has no handler for it', async () => {
    const seconds = `5${process.pid}`;
    const running = () => spawnSync('pgrep', ['-f', `^sleep ${seconds}$`]).status === 0;
    // As a terminal does it: to all processes of the group.
    const session = spawn(target, ['enter', '-r', 'clean', 'sleep', seconds], {
      stdio: 'ignore',
      detached: true,
    });
    const ended = once(session, 'exit');
    try {
      await expect.poll(running, { timeout: 10_000 }).toBe(true);
      process.kill(-session.pid!, 'SIGINT');
      await expect.poll(running, { timeout: 10_000 }).toBe(false);
    } finally {
      session.kill('SIGKILL');
    }
    expect(await ended).toEqual([130, null]);
  });

  test('is one root for all checkouts of the same recipe', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'nanite-checkout-'));
    const made = (program: string) => execFileSync(program, ['make', 'clean'], { encoding: 'utf8' });
    try {
      cpSync(dirname(target), join(elsewhere, 'tools/target'), { recursive: true });
      expect(made(join(elsewhere, 'tools/target/target'))).toBe(made(target));
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});

describe('a machine', () => {
  let machine: Machine | undefined;
  afterEach(() => {
    machine?.stop();
    machine = undefined;
  });

  test('has systemd, its own name and, without a network, no way out', async () => {
    machine = Machine.boot('target-test');
    expect((await machine.run('systemctl is-system-running; hostname')).stdout).toBe(
      'running\ntarget-test\n',
    );
    expect((await machine.run('ls /sys/class/net')).stdout.trim()).toBe('lo');
    expect((await machine.run('exit 3', { check: false })).code).toBe(3);
    await expect(machine.run('false')).rejects.toThrow(/exited with 1/);
  });

  test('is pristine each time and leaves neither mounts nor files', async () => {
    machine = Machine.boot('target-test');
    await machine.run('touch /etc/stray');
    machine.stop();
    expect(machines()).not.toContain('target-test');
    expect(execFileSync('cat', ['/proc/mounts'], { encoding: 'utf8' })).not.toContain('target-test');
    machine = Machine.boot('target-test');
    expect((await machine.run('test -e /etc/stray', { check: false })).code).toBe(1);
  });

  test('of a name that is not a name is refused', () => {
    const bad = spawnSync(target, ['boot', '../x'], { encoding: 'utf8' });
    expect(bad.status).not.toBe(0);
    expect(bad.stderr).toContain("a machine's name is of a-z, 0-9 and -");
  });
});
