import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
let path: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-serve-'));
  path = join(folder, 'x.sock');
  program = join(folder, 'program.ts');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A service that says `closed` when it lets go; busy for `busyMs` after its start. */
const write = (busyMs: number) =>
  writeFileSync(
    program,
    `import { createServer } from 'node:http';
     import { serve } from ${JSON.stringify(join(import.meta.dirname, 'serve.ts'))};
     import { runProgram } from ${JSON.stringify(join(import.meta.dirname, 'run-program.ts'))};
     const since = Date.now();
     void runProgram('program', 'usage: program\\n', () => serve(createServer((_, response) => void response.end('hello')), {
       socket: { path: ${JSON.stringify(path)}, mode: 0o600 },
       idleSeconds: 0.3,
       isBusy: () => Date.now() - since < ${busyMs},
       close: async (why) => void process.stdout.write('closed as ' + why + ' after ' + (Date.now() - since) + '\\n'),
     }));`,
  );
const tsx = ['--import', import.meta.resolve('tsx')];

function run(command: string, args: string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (part) => (said += String(part)));
  child.stderr.on('data', (part) => (said += String(part)));
  const ended = new Promise<{ code: number | null; said: () => string }>((resolve) =>
    child.once('close', (code) => resolve({ code, said: () => said })),
  );
  return { child, ended };
}
const ask = () =>
  new Promise<string>((resolve, reject) => {
    const call = request({ socketPath: path, path: '/', agent: false }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += String(part))).on('end', () => resolve(text));
    });
    call.on('error', reject).end();
  });
const listening = () => expect.poll(() => existsSync(path), { timeout: 30_000 }).toBe(true);
const activated = () => run('systemd-socket-activate', ['--listen', path, process.execPath, ...tsx, program]);

it('answers on the socket that systemd hands over, and ends once it is idle', async () => {
  write(0);
  const { ended } = activated();
  await listening();
  expect(await ask()).toBe('hello');
  const { code, said } = await ended;
  expect([code, said()]).toEqual([0, expect.stringContaining('closed as idle')]);
});

it('stays while there is work', async () => {
  write(1_500);
  const { ended } = activated();
  await listening();
  expect(await ask()).toBe('hello');
  const { said } = await ended;
  expect(Number(/closed as idle after (\d+)/.exec(said())?.[1])).toBeGreaterThanOrEqual(1_500);
});

it('listens on its own socket without systemd, stays, and lets go on SIGTERM', async () => {
  write(0);
  const { child, ended } = run(process.execPath, [...tsx, program]);
  await listening();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await ask()).toBe('hello');
  child.kill('SIGTERM');
  const { code, said } = await ended;
  expect([code, said()]).toEqual([0, expect.stringContaining('closed as told')]);
});

it('says why it cannot start', async () => {
  write(0);
  const first = run(process.execPath, [...tsx, program]);
  await listening();
  const { code, said } = await run(process.execPath, [...tsx, program]).ended;
  expect([code, said()]).toEqual([
    1,
    expect.stringMatching(/^program: another process already answers .* \(stop it/),
  ]);
  first.child.kill('SIGTERM');
  await first.ended;
});

it.each([
  ['--help', 0],
  ['--wrong', 2],
])('answers %s', async (argument, status) => {
  write(0);
  const { code, said } = await run(process.execPath, [...tsx, program, argument]).ended;
  expect([code, said()]).toEqual([status, 'usage: program\n']);
});
