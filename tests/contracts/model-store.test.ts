import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * Clients that programs really use, against the installed gateway and model store, with a real OCI registry as the
 * source and real weights. bob is in the group nanite, ada is not. The tests run in order.
 */
const checkout = resolve(import.meta.dirname, '../..');
const python = resolve(checkout, 'dist/test-clients/python-models');
const packaged = '/usr/share/nanite/models/smollm2-135m-instruct-q4-1/model.gguf';
const registry = '127.0.0.1:5000/library/tiny:1';
let machine: Machine;

/** Put the packaged weights into the registry as `ollama push` would. */
const push = `
  const { createHash } = require('crypto');
  const { readFileSync } = require('fs');
  const at = 'http://127.0.0.1:5000/v2/library/tiny';
  const blob = async (content) => {
    const digest = 'sha256:' + createHash('sha256').update(content).digest('hex');
    const { headers } = await fetch(at + '/blobs/uploads/', { method: 'POST' });
    const to = new URL(headers.get('location'), at);
    to.searchParams.set('digest', digest);
    const put = await fetch(to, { method: 'PUT', body: content, headers: { 'content-type': 'application/octet-stream' } });
    if (put.status !== 201) throw new Error(put.status + ' ' + (await put.text()));
    return { digest, size: Buffer.byteLength(content) };
  };
  (async () => {
    const layer = async (kind, content) => ({ mediaType: 'application/vnd.ollama.image.' + kind, ...(await blob(content)) });
    const layers = [
      await layer('model', readFileSync('${packaged}')),
      await layer('license', 'Apache-2.0'),
      await layer('params', '{"temperature":0.25}'),
    ];
    const config = { mediaType: 'application/vnd.docker.container.image.v1+json', ...(await blob('{"model_format":"gguf"}')) };
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    const put = await fetch(at + '/manifests/1', {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers }),
    });
    if (put.status !== 201) throw new Error(put.status + ' ' + (await put.text()));
  })();`;

beforeAll(async () => {
  mkdirSync(python, { recursive: true });
  execFileSync(
    'python3',
    [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--break-system-packages'],
      ...['--target', python, '--upgrade', 'ollama==0.6.1', 'huggingface_hub==0.36.0'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  machine = await Machine.withPackages(
    'model-store',
    [
      ...[
        'nanite-models',
        'nanite-model-catalog',
        'nanite-cli',
        'nanite-gateway',
        'nanite-engine',
        'nanite-llama',
      ],
      ...['nanite-model-smollm2-135m-instruct', 'docker-registry', 'python3'],
    ],
    {
      binds: [`${resolve(checkout, 'node_modules')}:/srv/node_modules`, `${python}:/srv/python`],
    },
  );
  // systemd-nspawn binds it; tzdata, which python3 needs, could not put its own in place.
  await machine.run('umount /etc/localtime', { check: false });
  machine.copy(resolve(import.meta.dirname, 'clients'), '/srv');
  await machine.run(
    'useradd --create-home ada; useradd --create-home bob; usermod --append --groups nanite bob; ' +
      // Debian's own configuration asks for a password.
      'systemctl stop docker-registry; cat >/srv/registry.yml; ' +
      'systemd-run --quiet --unit=registry docker-registry serve /srv/registry.yml; ' +
      'for i in $(seq 50); do (: </dev/tcp/127.0.0.1/5000) 2>/dev/null && break; sleep 0.2; done',
    {
      input:
        'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n' +
        'storage: {filesystem: {rootdirectory: /srv/registry}}\nhttp: {addr: "127.0.0.1:5000"}\n',
    },
  );
  await machine.run(['node', '-e', push]);
});
afterAll(() => machine?.stop());

const bob = (command: string, check = true) => machine.run(command, { user: 'bob', timeout: 240_000, check });

test('npm’s ollama and openai: pull, ask, copy, create, upload, delete', async () => {
  const { stdout } = await bob(`node /srv/clients/ollama-models.mjs ${registry} ${packaged}`);
  const found = JSON.parse(stdout) as Record<string, unknown>;
  expect(found).toMatchObject({
    // Plain HTTP and a private address, without insecure.
    refused: { status: expect.any(Number), message: expect.stringMatching(/insecure|HTTP/i) },
    statuses: expect.arrayContaining(['pulling manifest', 'success']),
    keys: ['completed', 'digest', 'status', 'total'],
    again: { status: 'success' },
    answer: expect.stringMatching(/\w/),
    copied: { status: 'success' },
    created: { status: 'success' },
    pirate: 'Talk like a pirate.',
    wrongBlob: 400,
    uploaded: { status: 'success' },
    // Weights of Q4_1: only where the person says so (tests/journeys/models).
    quantised: { status: 409 },
    deleted: { status: 'success' },
    openai: { id: 'pirate', object: 'model', deleted: true },
    gone: [{ status: 404 }, { status: 404 }],
    package: { status: 409 },
  });
  expect(found['complete']).toBeGreaterThan(0);
  expect(found['listed']).toEqual(expect.arrayContaining(['smollm2:135m', registry]));
  expect(found['between']).toEqual(expect.arrayContaining(['mine:latest', 'pirate:latest', 'up:latest']));
  expect(found['after']).toEqual(expect.arrayContaining(['mine:latest']));
  expect(found['after']).not.toContain('up:latest');
});

test('somebody without rights may list and ask, and change nothing', async () => {
  const script =
    `const { Ollama } = await import('/srv/node_modules/ollama/dist/index.mjs'); const o = new Ollama({ host: 'http://127.0.0.1:11434' }); ` +
    `const tried = await Promise.allSettled([o.pull({ model: '${registry}', insecure: true }), o.delete({ model: 'mine' }), o.copy({ source: 'mine', destination: 'x' }), o.list()]); ` +
    `console.log(JSON.stringify(tried.map(({ status, reason }) => reason?.status_code ?? status)))`;
  const ran = await machine.run(['node', '--input-type=module', '-e', script], { user: 'ada' });
  expect(JSON.parse(ran.stdout)).toEqual([403, 403, 403, 'fulfilled']);
  const cli = await machine.run('nanite models rm mine', { user: 'ada', check: false });
  expect(cli).toMatchObject({ code: 1, stderr: expect.stringContaining('adduser') });
});

test('PyPI’s ollama; and huggingface_hub reads what was shared with it', async () => {
  await bob('nanite models share mine --with huggingface --to ~/hub --json');
  const { stdout } = await bob(
    `PYTHONPATH=/srv/python python3 /srv/clients/models.py ${registry} ${packaged} ~/hub`,
  );
  const found = JSON.parse(stdout) as Record<string, unknown>;
  expect(found).toMatchObject({
    pulled: 'success',
    created: 'success',
    from: 'success',
    copied: 'success',
    show: expect.stringContaining('temperature'),
    gone: 404,
    warnings: [],
  });
  const path = String(found['path']);
  const sums = (await bob(`sha256sum '${path}' ${packaged} | cut -d' ' -f1 | uniq | wc -l`)).stdout;
  expect(sums).toBe('1\n');
});

test('one file serves several stores, and du counts it once', async () => {
  await machine.run(
    'mkdir -p /var/lib/nanite/models/.shared && nanite models share mine --with ollama --to /var/lib/nanite/models/.shared',
  );
  const du = async (...paths: string[]) =>
    Number((await machine.run(`du -sc -B1 ${paths.join(' ')} | tail -1 | cut -f1`)).stdout);
  const [ours, theirs, both] = [
    await du('/var/lib/nanite/models/blobs'),
    await du('/var/lib/nanite/models/.shared'),
    await du('/var/lib/nanite/models/blobs', '/var/lib/nanite/models/.shared'),
  ];
  expect(theirs).toBeGreaterThan(90_000_000);
  expect(both - ours).toBeLessThan(1_000_000);
  await machine.run('rm -r /var/lib/nanite/models/.shared');
});

test('a stick carries models to where there is no network; a person’s own store is handed over', async () => {
  await bob(
    'mkdir ~/stick && nanite models export mine --to ~/stick && cd ~/stick && sha256sum -c --quiet SHA256SUMS',
  );
  await bob(`nanite models rm mine ${registry}`);
  expect((await bob('nanite models show mine', false)).code).toBe(3);
  await bob('chmod 700 ~ && nanite models import ~/stick');
  expect((await bob('nanite models list --json')).stdout).toContain('mine:latest');
  await bob('nanite models share mine --with ollama --to ~/ollama && nanite models verify mine');
  await bob('nanite models rm mine');
  // The links dangle now: that is told, not papered over.
  const dangling = await bob('nanite models import ~/ollama', false);
  expect(dangling.stdout + dangling.stderr).toMatch(/No models|cannot be read|there is no/);
  await bob('mkdir ~/plain && cp ~/stick/*/*.gguf ~/plain/own.gguf && nanite models import ~/plain');
  const answer = await bob('nanite ask -m own -t 0 -n 4 hello');
  expect(answer.stdout).toMatch(/\w/);
});

test('the command line knows the catalogue, and sizes by the store', async () => {
  const searched = await machine.run('nanite models search whisper --json', { user: 'ada' });
  expect((JSON.parse(searched.stdout) as { models: unknown[] }).models.length).toBeGreaterThan(5);
  expect((await bob('nanite models du')).stdout).toMatch(/^own:latest +\d+ MiB/m);
  expect((await bob('nanite models jobs --json')).stdout).toContain('"jobs"');
  expect((await bob('nanite models rm own && nanite models gc')).stdout).toContain('freed');
});
