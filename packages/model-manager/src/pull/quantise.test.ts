import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, landlockWorks } from '@nanite/kit';
import type { ProgressEvent } from '@nanite/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GateFacts } from '../gate/facts';
import { Store } from '../store';
import type { CheckedFile } from './manifest';
import type { Asked, Puller } from './pull';
import { quantisationType, quantise } from './quantise';

let folder: string;
let store: Store;
let events: ProgressEvent[];
let asked: Asked;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-quantise-'));
  store = Store.open({
    root: join(folder, 'store'),
    packages: join(folder, 'packages'),
    quotaBytes: null,
    reserveBytes: 0,
    log: createLog(() => {}),
  });
  events = [];
  asked = { uid: 0, signal: new AbortController().signal, report: (event) => events.push(event) };
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** A program in the place of llama-quantize, with its arguments in `args`. What Node prints it sends over a socket, which the sandbox forbids. */
function program(body: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const path = join(folder, 'bin', 'llama-quantize');
  writeFileSync(
    path,
    `#!${process.execPath}\nconst fs = require('fs'); const args = process.argv.slice(2);\n${body}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

async function weights(quantisation: string, names = ['model.gguf']): Promise<CheckedFile[]> {
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      writeFileSync(path, `weights ${name}`);
      const { sha256, size } = await store.blobs.take(path, null);
      const facts = { role: 'weights', format: 'gguf', quantisation, parameters: 1000 } as GateFacts;
      return { role: 'weights', name, sha256, size, facts };
    }),
  );
}
const run = (files: CheckedFile[], using: string, { again = false, type = 'Q4_K_M' } = {}) =>
  quantise({ store } as Puller, files, type, { again, keep: () => {}, program: using }, asked);
const drafts = () => readdirSync(store.layout.root).filter((name) => name.startsWith('.new-'));

/** Says how far it is, and writes what it was given into the new file. */
const works = `
  const [from, to, type] = args;
  fs.writeSync(1, '[   1/   4] blk.0\\n[   4/   4] blk.1\\n');
  fs.writeFileSync(to, type + ' of ' + fs.readFileSync(from, 'utf8'));`;

describe('quantise', () => {
  it('puts what the program made into the store, and leaves nothing else', async () => {
    const template: CheckedFile = {
      role: 'template',
      name: 't.jinja',
      sha256: 'a'.repeat(64),
      size: 1,
      facts: null,
    };
    const files = await run([...(await weights('F16')), template], program(works));
    expect(files).toMatchObject([{ role: 'weights', facts: null }, template]);
    expect(readFileSync(store.blobs.path(files[0]!.sha256), 'utf8')).toBe('Q4_K_M of weights model.gguf');
    expect(events.map(({ completed, total }) => (completed ?? 0) / (total ?? 1)).at(-1)).toBe(1);
    expect(drafts()).toEqual([]);
  });

  it('refuses weights that are quantised already, unless it is said', async () => {
    const files = await weights('Q4_1');
    await expect(run(files, program(works))).rejects.toMatchObject({ code: 'already-quantised' });
    const using = program(`if (args.shift() !== '--allow-requantize') process.exit(1);${works}`);
    expect(await run(files, using, { again: true })).toHaveLength(1);
  });

  it('says which package is missing', async () => {
    const gone = run(await weights('F16'), join(folder, 'none'));
    await expect(gone).rejects.toMatchObject({ code: 'unsupported', status: 501 });
  });

  it('says what llama.cpp says where it fails, and leaves nothing', async () => {
    const using = program(
      `fs.writeFileSync(args[1], 'half'); fs.writeSync(2, 'error: unknown model'); process.exit(1);`,
    );
    const blobs = (await weights('F16')).length;
    const failed = run(await weights('F16'), using);
    await expect(failed).rejects.toMatchObject({ code: 'not-quantised', cause: 'error: unknown model' });
    expect(store.blobs.list()).toHaveLength(blobs);
    expect(drafts()).toEqual([]);
  });

  it('keeps the room that it may need, before it begins', async () => {
    const [file] = await weights('F16');
    const huge = { ...file!, facts: { ...file!.facts!, parameters: 1e15 } };
    await expect(run([huge], program(works))).rejects.toMatchObject({ code: 'no-space' });
    expect(events).toEqual([]);
  });

  it('writes nowhere but into its folder, and no more than it may', async () => {
    // Without Landlock nothing is quantised at all: there is nothing to show then.
    expect(await landlockWorks()).toBe(true);
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o777 });
    const attempt = (path: string) => `fs.writeFileSync(${JSON.stringify(path)}, 'x');`;
    const using = program(
      `${works} try { ${attempt(join(elsewhere, 'x'))} } catch (error) { fs.appendFileSync(to, ' ' + error.code); }`,
    );
    const [made] = await run(await weights('F16'), using);
    // The control: in its own folder it could write that.
    expect(readFileSync(store.blobs.path(made!.sha256), 'utf8')).toMatch(/^Q4_K_M of .* E(ACCES|PERM)$/);
    expect(existsSync(join(elsewhere, 'x'))).toBe(false);
  });
});

it.each([
  ['q4_K_M', 'Q4_K_M'],
  ['Q4_K', 'Q4_K_M'],
  ['f16', 'F16'],
])('%s is %s', (text, type) => expect(quantisationType(text)).toBe(type));

it('refuses a type that nobody knows, or that needs more than weights', () => {
  for (const type of ['Q9', 'IQ1_S', '--help', ''])
    expect(() => quantisationType(type)).toThrow(expect.objectContaining({ status: 400 }));
});
