import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { FileType } from '@nanite/contracts';
import { landlockWorks } from '@nanite/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesEach } from './company';
import { createExtractor } from './extractor';
import { byPandoc, newPath, written } from './making';

/** A program in place of ours: what a file can do at worst is to make ours do this. */
const program = (text: string) =>
  written(
    'extract.mjs',
    `import * as fs from 'node:fs';
     import cp from 'node:child_process';
     import net from 'node:net';
     const read = () => { const b = Buffer.alloc(65536); const n = fs.readSync(0, b); return n ? JSON.parse(b.toString('utf8', 0, n)) : process.exit(0); };
     const say = (message) => fs.writeSync(1, JSON.stringify({ failure: { reason: 'damaged', message: String(message) } }) + '\\n');
     ${text}`,
  );

const never = new AbortController().signal;

/** What the first file says, and the process is asked for it. */
async function inside(path: string): Promise<{ reason: string; message: string }> {
  const extractor = createExtractor({ program: path, grammars: dirname(path) });
  try {
    const file = { path: Buffer.from(written('a.txt', 'heron')), type: 'text' as const, size: 5 };
    return await extractor.extract(file, never).then(
      () => ({ reason: 'none', message: 'extracted' }),
      (error: { reason: string; message: string }) => ({ reason: error.reason, message: error.message }),
    );
  } finally {
    await extractor.close();
  }
}

const outside = (path: string) =>
  new Promise<string>((resolve) => {
    const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'ignore'] });
    let said = '';
    child.stdin.end('{"name":"a.txt"}\n');
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('close', () => resolve(said));
  });

/** Each attack first without the sandbox, where it must work, then inside, where it must not. */
describe('a program that a file has taken over', { timeout: 60_000 }, () => {
  let server: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    server = createServer((socket) => {
      connections++;
      socket.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  const secret = written('secret', 'the heron knows');
  const target = newPath('made');
  const attempt = (text: string) =>
    program(`read(); try { ${text} } catch (error) { say(error.code ?? error.message); }`);

  it.each([
    ['write a file', `fs.writeFileSync(${JSON.stringify(target)}, 'x'); fs.unlinkSync(${JSON.stringify(target)}); say('done');`],
    ['change a file', `fs.appendFileSync(${JSON.stringify(secret)}, '!'); say('done');`],
    ['read a file of the person', `if (fs.readFileSync(${JSON.stringify(secret)}, 'utf8').includes('knows')) say('done');`],
    ['list a folder', `fs.readdirSync(${JSON.stringify(dirname(secret))}); say('done');`],
    ['start a process', `const { error } = cp.spawnSync('/usr/bin/true'); if (error) throw error; say('done');`],
    ['fork', `const child = cp.fork(process.argv[1], { execArgv: ['-e', '0'] }); child.on('error', (e) => say(e.code)).on('spawn', () => { say('done'); child.kill(); child.disconnect?.(); process.exit(); }); await new Promise(() => {});`],
    ['signal who started it', `process.kill(process.ppid, 0); say('done');`],
  ])('cannot %s', async (name, text) => {
    const path = attempt(text);
    expect(await outside(path)).toContain('"done"');
    if (/read|list/.test(name)) expect(await landlockWorks()).toBe(true);
    expect((await inside(path)).message).toMatch(/EPERM|EACCES|operation not permitted/i);
  }); // prettier-ignore

  it('cannot connect', async () => {
    const path = attempt(
      `const socket = net.connect(${port}, '127.0.0.1', () => { say('done'); process.exit(); }); await new Promise((_, fail) => socket.on('error', fail));`,
    );
    expect(await outside(path)).toContain('"done"');
    expect(connections).toBe(1);
    expect((await inside(path)).message).toMatch(/EPERM|EACCES/);
    expect(connections).toBe(1);
  });

  it('cannot make code out of text', async () => {
    const path = attempt(`new Function('return 1')(); say('done');`);
    expect(await outside(path)).toContain('"done"');
    expect((await inside(path)).message).toMatch(/Code generation from strings disallowed/);
  });

  it('cannot take the memory', async () => {
    const path = attempt(
      `const all = []; for (let at = 0; at < 90; at++) all.push(Buffer.alloc(2 ** 24, 1)); say('done');`,
    );
    expect(await outside(path)).toContain('"done"');
    expect(await inside(path)).toMatchObject({ message: expect.not.stringContaining('done') });
  });

  it('left nothing', () => {
    expect(existsSync(target)).toBe(false);
    // Once, outside.
    expect(readFileSync(secret, 'utf8')).toBe('the heron knows!');
  });
});

describe('a reader that fails at one file', { timeout: 60_000 }, () => {
  const reader = program(`
    for (;;) {
      const { name } = read();
      if (name.includes('hang')) for (;;);
      if (name.includes('abort')) process.abort();
      if (name.includes('memory')) for (const all = []; ; ) all.push(new Array(1e6).fill(all.length));
      if (name.includes('nonsense')) fs.writeSync(1, 'nonsense\\n');
      else if (name.includes('forged')) fs.writeSync(1, '{"extracted":{"type":"text","blocks":[{"text":5}]}}\\n');
      else if (name.includes('talks')) for (;;) fs.writeSync(1, 'x'.repeat(65536));
      else say(process.pid);
    }`);
  const extractor = createExtractor({
    program: reader,
    grammars: dirname(reader),
    // Only the file that hangs, by its size, has little time: the others may run on a busy machine.
    milliseconds: (size) => (size === 4 ? 1_000 : 60_000),
  });
  afterAll(() => extractor.close());
  const ask = (name: string, signal = never, content = name.startsWith('hang') ? 'slow' : 'heron') =>
    extractor
      .extract({ path: Buffer.from(written(name, content)), type: 'text', size: content.length }, signal)
      .then(
        () => ({ reason: 'none', message: '' }),
        (error: { reason: string; message: string }) => error,
      );

  it('reads one file after another in one process', async () => {
    const [one, two, three] = await Promise.all([ask('a.txt'), ask('b.txt'), ask('c.txt')]);
    expect(Number(one.message)).toBeGreaterThan(0);
    expect([two.message, three.message]).toEqual([one.message, one.message]);
  });

  it('reads files of other kinds elsewhere, and only so many in one process', async () => {
    const pid = async (name: string, type: FileType, content: string | Buffer) => {
      const file = { path: Buffer.from(written(name, content)), type, size: content.length };
      const error = await extractor.extract(file, never).catch((thrown: unknown) => thrown);
      return Number((error as Error).message);
    };
    const office = readFileSync(byPandoc('a.docx', 'Heron.'));
    const all = [
      await pid('a.txt', 'text', 'heron'),
      await pid('a.html', 'html', '<p>heron</p>'),
      await pid('a.py', 'code', 'heron = 1'),
      await pid('a.docx', 'docx', office),
    ];
    expect(all.every((one) => one > 0)).toBe(true);
    expect(new Set(all).size).toBe(4);
    // Control: files of one kind, also with others between them, share theirs.
    expect(await pid('b.txt', 'text', 'heron')).toBe(all[0]);
    const documents = new Map<number, number>([[all[3]!, 1]]);
    for (let at = 1; at < 2 * filesEach.office; at++) {
      const one = await pid('b.docx', 'docx', office);
      documents.set(one, (documents.get(one) ?? 0) + 1);
    }
    expect([...documents.values()]).toEqual([filesEach.office, filesEach.office]);
  });

  it.each([
    ['hang', 'too-slow'],
    ['abort', 'crashed'],
    ['memory', 'too-much-memory'],
    ['nonsense', 'damaged'],
    ['forged', 'damaged'],
    ['talks', 'crashed'],
  ])('%s: says %s, and goes on with the next in another process', async (name, reason) => {
    const before = await ask('a.txt');
    // Which of two files is opened first is not said: the second may come before the one that fails.
    const [failed, beside] = await Promise.all([ask(`${name}.txt`), ask('b.txt')]);
    expect(failed).toMatchObject({ code: 'cannot-extract', reason });
    expect(Number(beside.message)).toBeGreaterThan(0);
    const after = await ask('c.txt');
    expect(Number(after.message)).toBeGreaterThan(0);
    expect(after.message).not.toBe(before.message);
  });

  it('does not blame a file where the program is gone', async () => {
    const extractor = createExtractor({ program: `${reader}.gone`, grammars: dirname(reader) });
    const file = { path: Buffer.from(written('a.txt', 'heron')), type: 'text' as const, size: 5 };
    await expect(extractor.extract(file, never)).rejects.toMatchObject({
      code: 'extractor-missing',
      status: 503,
    });
    await extractor.close();
  });

  it('ends with its signal, and the process with it', async () => {
    const failed = await ask('hang.txt', AbortSignal.timeout(300), 'for long');
    expect(failed).toMatchObject({ name: 'TimeoutError' });
    expect(Number((await ask('a.txt')).message)).toBeGreaterThan(0);
  });
});
