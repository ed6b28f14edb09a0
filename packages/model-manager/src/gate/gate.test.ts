import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { landlockWorks, runSandboxed, type SandboxedRun } from '@nanite/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known, sound } from './corpus/corpus';
import { examination, inspect } from './gate';
import { buildGateProgram, temporaryFile } from './testing';

let program: string;
beforeAll(async () => (program = await buildGateProgram()));

describe('inspect', { timeout: 60_000 }, () => {
  it('reads a model in the sandbox', async () => {
    const path = temporaryFile('tiny.gguf', sound[0]!.bytes());
    expect(await inspect(path, { program })).toMatchObject({ architecture: 'llama', tensors: 21 });
  });

  it('hands on why a file is refused', async () => {
    const path = temporaryFile('model.gguf', known[0]!.bytes());
    await expect(inspect(path, { program })).rejects.toMatchObject({
      code: 'refused-model',
      status: 422,
      reason: 'truncated',
    });
  });

  it('refuses what is not a file without waiting for it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-gate-'));
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    await expect(inspect(join(folder, 'pipe'), { program })).rejects.toMatchObject({ reason: 'unsafe-file' });
    await expect(inspect(folder, { program })).rejects.toMatchObject({ reason: 'unsafe-file' });
  });

  it('refuses a file at which the examination dies, and does not believe what it says', async () => {
    const path = temporaryFile('tiny.gguf', sound[0]!.bytes());
    const run = (text: string) => inspect(path, { program: temporaryFile('gate.mjs', text) });
    await expect(run('process.abort()')).rejects.toMatchObject({ reason: 'too-costly' });
    await expect(run('for (const all = []; ; ) all.push(Buffer.alloc(1e7, 1))')).rejects.toMatchObject({
      reason: 'too-costly',
    });
    await expect(run(`console.log('{"facts":{"format":"gguf"}}')`)).rejects.toMatchObject({
      reason: 'too-costly',
    });
  });

  it('ends with its signal', async () => {
    const path = temporaryFile('tiny.gguf', sound[0]!.bytes());
    const endless = temporaryFile('gate.mjs', 'for (;;);');
    const signal = AbortSignal.timeout(300);
    await expect(inspect(path, { program: endless, signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

/**
 * Each attack first without the sandbox, where it must work, then inside, where it must not: else the test would prove
 * nothing. An attack prints `done` when it has succeeded.
 */
describe('the sandbox', { timeout: 60_000 }, () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  const attack = (text: string) => temporaryFile('attack.mjs', `import * as fs from 'node:fs';\n${text}\n`);
  const outside = (path: string) =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      child.once('close', () => resolve(said));
    });
  const inside = async (path: string, changes: Partial<SandboxedRun> = {}) =>
    runSandboxed({
      command: [process.execPath, path],
      readable: [dirname(path)],
      ...examination,
      ...changes,
    });

  const secret = temporaryFile('secret', 'secret');
  const target = join(mkdtempSync(join(tmpdir(), 'nanite-gate-')), 'made');
  const done = `fs.writeSync(1, 'done');`;

  it.each([
    [
      'a connection',
      () =>
        `import net from 'node:net'; net.connect(${port}, '127.0.0.1', () => { ${done} process.exit() });`,
    ],
    [
      'a socket of any kind',
      () =>
        `import dgram from 'node:dgram'; dgram.createSocket('udp4').on('error', (error) => { throw error; }).bind(0, () => { ${done} process.exit() });`,
    ],
    [
      'a new file',
      () =>
        `fs.writeFileSync(${JSON.stringify(target)}, 'x'); fs.unlinkSync(${JSON.stringify(target)}); ${done}`,
    ],
    ['a changed file', () => `fs.appendFileSync(${JSON.stringify(secret)}, 'x'); ${done}`],
    [
      'a removed link',
      () =>
        `fs.symlinkSync('/', ${JSON.stringify(target)}); fs.unlinkSync(${JSON.stringify(target)}); ${done}`,
    ],
    [
      'a new folder',
      () => `fs.mkdirSync(${JSON.stringify(target)}); fs.rmdirSync(${JSON.stringify(target)}); ${done}`,
    ],
    [
      'a new process',
      () =>
        `import cp from 'node:child_process'; const { status, error } = cp.spawnSync('/usr/bin/true'); if (status === 0) ${done} else throw error;`,
    ],
    ['a signal to its parent', () => `process.kill(process.ppid, 0); ${done}`],
  ])('stops %s', async (_, text) => {
    const path = attack(text());
    expect(await outside(path)).toBe('done');
    const { stdout, stderr } = await inside(path);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/EPERM|EACCES|operation not permitted/i);
  });

  it('hides files that were not given', async () => {
    const path = attack(
      `if (fs.readFileSync(${JSON.stringify(secret)}, 'utf8').startsWith('secret')) ${done}`,
    );
    expect(await outside(path)).toBe('done');
    // Where the kernel has no Landlock, seccomp alone holds, and reading is not its matter.
    expect(await landlockWorks()).toBe(true);
    expect((await inside(path)).stdout).toBe('');
    expect((await inside(path, { readable: [dirname(path), secret] })).stdout).toBe('done');
  });

  it('gives the file to read, and no way to write to it', async () => {
    const fd = openSync(secret, 'r');
    const path = attack(
      `fs.writeSync(1, fs.readFileSync(3, 'utf8').slice(0, 6)); fs.writeSync(3, 'x'); ${done}`,
    );
    const { stdout, stderr } = await inside(path, { fd });
    closeSync(fd);
    expect(stdout).toBe('secret');
    expect(stderr).toMatch(/EBADF|EPERM/);
  });

  it('bounds memory', async () => {
    const path = attack(
      `const all = []; for (let at = 0; at < 40; at++) all.push(Buffer.alloc(2 ** 24, 1)); ${done}`,
    );
    expect(await outside(path)).toBe('done');
    expect((await inside(path)).stdout).toBe('');
    expect((await inside(path, { memory: 4 * examination.memory })).stdout).toBe('done');
  });

  it('bounds CPU time, and time', async () => {
    const path = attack('for (;;);');
    expect(await inside(path, { cpuSeconds: 1 })).toMatchObject({
      overran: false,
      signal: expect.stringMatching(/SIGXCPU|SIGKILL/),
    });
    expect(await inside(path, { milliseconds: 200 })).toMatchObject({ overran: true, signal: 'SIGKILL' });
  });

  it('ends what talks without end', async () => {
    const path = attack(`for (;;) fs.writeSync(1, 'x'.repeat(65536));`);
    expect(await inside(path)).toMatchObject({ overran: true });
  });

  it('leaves nothing behind', () => expect(existsSync(target)).toBe(false));
});
