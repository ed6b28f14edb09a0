import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** Installations that meet a full disk, an interruption, or another program on our port. */
const model = 'nanite-model-smollm2-135m-instruct';
let machine: Machine;

describe('weights', () => {
  beforeAll(async () => {
    machine = await Machine.withDependencies('faults', ['nanite-server', model]);
    await machine.run('apt-get install -y --no-install-recommends nanite-server', { timeout: 300_000 });
    await machine.run(
      'mkdir -p /usr/share/nanite/models && mount -t tmpfs -o size=40M tmpfs /usr/share/nanite/models',
    );
  });
  afterAll(() => machine?.stop());

  const models = async (): Promise<string[]> => {
    const { stdout } = await machine.run('nanite models list --json');
    return (JSON.parse(stdout) as { models: Array<{ name: string }> }).models.map(({ name }) => name);
  };

  test('onto a full disk fail with the reason, and no model is listed', async () => {
    const { code, stdout, stderr } = await machine.run(`apt-get install -y ${model}`, { check: false });
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain('No space left on device');
    expect(await models()).toEqual([]);
    // The rest of the machine is as it was.
    expect((await machine.run('systemctl --failed --plain --no-legend')).stdout).toBe('');
    const asked = await machine.run('nanite ask hello', { check: false });
    expect(asked.code).not.toBe(0);
    expect(asked.stderr).toMatch(/no model/i);
  });

  test('half unpacked when dpkg is killed are not a model either', async () => {
    await machine.run('mount -o remount,size=300M /usr/share/nanite/models');
    const { stdout } = await machine.run(
      `dpkg --unpack /srv/debs/${model}/*.deb >/dev/null 2>&1 & pid=$!
       until find /usr/share/nanite/models -name 'model.gguf.dpkg-new' | grep -q .; do kill -0 $pid || break; done
       kill -KILL $pid; wait $pid; find /usr/share/nanite/models -type f; dpkg --audit`,
      { check: false },
    );
    // Positive control: there is a half to find.
    expect(stdout).toContain('model.gguf.dpkg-new');
    expect(stdout).toMatch(/must be reinstalled/);
    expect(await models()).toEqual([]);
  });

  test('whose manifest came before them are not a model yet', async () => {
    const made = '/var/lib/nanite/models/smollm2-135m-instruct-q4-1';
    await machine.run(
      `mkdir -p ${made} && dpkg-deb --fsys-tarfile /srv/debs/${model}/*.deb |
         tar -xO ./usr/share/nanite/models/smollm2-135m-instruct-q4-1/manifest.json >${made}/manifest.json && test -s ${made}/manifest.json`,
    );
    expect(await models()).toEqual([]);
    await machine.run(`rm -r ${made}`);
  });

  test('are installed again once there is room, and the model answers', async () => {
    await machine.run(
      `dpkg --configure -a; apt-get install -f -y && apt-get install -y --reinstall ${model}`,
    );
    expect((await machine.run('dpkg --audit')).stdout).toBe('');
    expect((await machine.run('find /usr/share/nanite/models -name "*.dpkg-*"')).stdout).toBe('');
    expect(await models()).toEqual(['smollm2:135m']);
    const { stdout } = await machine.run('nanite ask --max-tokens 20 "What is the capital of France?"');
    expect(stdout).toContain('Paris');
  });

  test('without the program that computes them are not a model that is too large: 501, and which package brings it', async () => {
    await machine.run(
      'dpkg --remove --force-depends nanite-llama; systemctl stop "nanite-model@*"; systemctl restart nanite-engine nanite-gateway',
    );
    const script = `require('http').request({ socketPath: '/run/nanite/gateway.sock', method: 'POST', path: '/api/chat' }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part)).on('end', () => console.log(text, answer.statusCode));
    }).end(JSON.stringify({ model: 'smollm2:135m', messages: [{ role: 'user', content: 'hello' }] }));`;
    const { stdout } = await machine.run(['node', '-e', script]);
    expect(stdout).toMatch(/llama\.cpp is not installed \(install nanite-llama\)[^]* 501\n$/);
    const asked = await machine.run('nanite ask hello', { check: false });
    expect(asked.code).not.toBe(0);
    expect(asked.stderr).toContain('install nanite-llama');
    expect(asked.stderr).not.toContain('smaller');
  });
});

describe('port 11434 held by another program', () => {
  beforeAll(async () => {
    machine = Machine.boot('faults-port');
    await machine.prepare(['nanite-gateway']);
    await machine.run(
      'systemd-run --quiet --unit=holder --socket-property=ListenStream=127.0.0.1:11434 sleep infinity',
    );
  });
  afterAll(() => machine?.stop());

  test('is said in one line at the installation, which goes well', async () => {
    const { stdout, stderr } = await machine.run(
      'apt-get install -y --no-install-recommends nanite-gateway',
      {
        timeout: 300_000,
      },
    );
    expect(`${stdout}${stderr}`).not.toMatch(/Could not execute|Job for|failed/);
    expect(stdout.split(/\r?\n/).filter((line) => line.includes('11434'))).toEqual([
      'nanite-gateway: port 11434 is held by another program; Nanite serves on port 11435 instead. See: nanite status',
    ]);
    const { stdout: answer } = await machine.run([
      'node',
      '-e',
      'fetch("http://127.0.0.1:11435/api/version").then(async (r) => console.log(r.status))',
    ]);
    expect(answer).toBe('200\n');
  });

  test('is ours once it is free and the package is installed again', async () => {
    await machine.run('systemctl stop holder.socket holder.service nanite-gateway.service');
    const { stdout } = await machine.run('apt-get install -y --reinstall nanite-gateway');
    expect(stdout).not.toContain('11434');
    expect((await machine.run('systemctl is-active nanite-gateway-tcp.socket')).stdout).toBe('active\n');
  });

  test('nothing of ours listens after the removal', async () => {
    const listening = async () =>
      (await machine.run("cat /proc/net/tcp /proc/net/tcp6 | grep -E ':2CA[AB] [0:]*:0000 0A' || true"))
        .stdout;
    expect(await listening()).not.toBe('');
    await machine.run('apt-get remove -y nanite-gateway');
    expect(await listening()).toBe('');
  });
});
