import { resolve } from 'node:path';
import { ModelManifest } from '@nanite/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * The signed repository dist/repo as a machine without a network sees it: trusted by hand first, by the package then. The
 * tests are chapters of one story. What it refuses is tested in tools/apt-repo.
 */
const repo = resolve(import.meta.dirname, '../../dist/repo');
const keyring = '/usr/share/keyrings/nanite-archive-keyring.asc';
const model = 'nanite-model-smollm2-135m-instruct';
let machine: Machine;

beforeAll(async () => {
  machine = Machine.boot('repository', { binds: [`${repo}:/srv/nanite`] });
  await machine.run(
    'rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* && ' +
      "sed 's|^URIs:.*|URIs: file:///srv/nanite|' /srv/nanite/nanite.sources >/etc/apt/sources.list.d/nanite.sources",
  );
  // The cache of archives that machines share is of no use here, and its lock in the way.
  await machine.run(
    'mkdir -p /var/tmp/archives/partial && ' +
      `echo 'Dir::Cache::archives "/var/tmp/archives";' >/etc/apt/apt.conf.d/99archives`,
  );
});
afterAll(() => machine?.stop());

const update = async (): Promise<{ code: number; complaints: string[] }> => {
  const { code, stdout, stderr } = await machine.run('apt-get update', { check: false });
  return {
    code,
    complaints: `${stdout}${stderr}`.split('\n').filter((line) => /^(E|W|N|Err)\b.*:/.test(line)),
  };
};

test('is not trusted without its key', async () => {
  const { code, complaints } = await update();
  expect(code).not.toBe(0);
  expect(complaints.join('\n')).toMatch(/nanite-archive-keyring\.asc|not signed/);
});

test('is taken without a word of complaint once the key lies there', async () => {
  await machine.run(`install -m 644 /srv/nanite/nanite-archive-keyring.asc ${keyring}`);
  expect(await update()).toEqual({ code: 0, complaints: [] });
});

test('brings the package that keeps the key up to date', async () => {
  const before = await machine.run(`sha256sum <${keyring}`);
  await machine.run('apt-get install -y nanite-archive-keyring');
  expect((await machine.run(`dpkg -S ${keyring}`)).stdout).toBe(`nanite-archive-keyring: ${keyring}\n`);
  expect((await machine.run(`sha256sum <${keyring}`)).stdout).toBe(before.stdout);
  expect(await update()).toEqual({ code: 0, complaints: [] });
});

test('brings a model whose files are what its manifest says, readable for everyone', async () => {
  await machine.run(`apt-get install -y --no-install-recommends ${model}`);
  const paths = (await machine.run(`dpkg -L ${model} | grep manifest.json`)).stdout.trim();
  const text = (await machine.run(['cat', paths], { user: 'daemon' })).stdout;
  const manifest = ModelManifest.parse(JSON.parse(text));
  expect(manifest.name).toBe('smollm2:135m');
  const folder = paths.replace(/\/manifest\.json$/, '');
  for (const file of manifest.files) {
    const { stdout } = await machine.run(
      `sha256sum ${folder}/${file.path} && stat -c %s ${folder}/${file.path}`,
      {
        user: 'daemon',
      },
    );
    expect(stdout).toBe(`${file.sha256}  ${folder}/${file.path}\n${file.size}\n`);
  }
});
