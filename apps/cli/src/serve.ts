import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { GatewayClient } from '@nanite/contracts';
import { NaniteError, isAnswering, libDir, socketPath } from '@nanite/kit';
import { exitStatus } from './exit-status';
import { isOwnFolder, personRuntimeDir } from './person-places';
import { report } from './report';

/** Where the service of the machine answers, whoever asks. */
const systemSocket = '/run/nanite/gateway.sock';

/** How long a service may take to end before it is killed, in milliseconds. */
const patience = 10_000;

/**
 * Where a person without systemd keeps sockets and state: the system's places as root (a container), else those of the
 * person. Variables that are set stay.
 */
export function servePlaces(env: NodeJS.ProcessEnv, uid: number): Record<string, string> {
  const home = env['XDG_STATE_HOME'] ?? `${env['HOME'] ?? '/'}/.local/state`;
  return {
    NANITE_RUNTIME_DIR: env['NANITE_RUNTIME_DIR'] ?? (uid === 0 ? '/run/nanite' : personRuntimeDir(env, uid)),
    NANITE_STATE_DIR: env['NANITE_STATE_DIR'] ?? (uid === 0 ? '/var/lib/nanite' : `${home}/nanite`),
  };
}

function program(thing: string): string {
  const main = `${libDir()}/${thing}/main.mjs`;
  if (existsSync(main)) return main;
  throw new NaniteError('not-installed', `nanite-${thing} is not installed`, {
    hint: `sudo apt install nanite-${thing}`,
  });
}

/** The hardware report that a oneshot unit writes where there is systemd. Without it the engine uses the CPU. */
function writeHardwareReport(path: string): Promise<void> {
  return new Promise((resolve) => {
    const detector = spawn('/usr/bin/nanite-gpu-detect', ['--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    detector.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    detector.once('error', () => resolve());
    detector.once('close', (status) => {
      if (status === 0) writeFileSync(path, text);
      resolve();
    });
  });
}

/** @throws NaniteError `unsafe-folder` where somebody else could put sockets in the place of ours */
function makeRuntimeDir(path: string, uid: number): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const parent = dirname(path);
  if (uid === 0 || path !== personRuntimeDir(process.env, uid) || isOwnFolder(parent, uid)) return;
  throw new NaniteError('unsafe-folder', `${parent} does not belong to you alone`, {
    hint: 'set NANITE_RUNTIME_DIR to a folder that only you may write to',
  });
}

/** Remove the sockets that services left which were killed, but none of another `nanite serve` that still answers. */
async function removeSockets(): Promise<void> {
  for (const thing of ['engine', 'gateway']) {
    const path = socketPath(thing);
    if (await isAnswering(path)) continue;
    rmSync(path, { force: true });
    // Its workers ended with it.
    if (thing === 'engine') rmSync(`${dirname(path)}/model`, { recursive: true, force: true });
  }
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/**
 * `nanite serve`: the engine and the gateway as child processes of this one. It watches nothing and restarts nothing:
 * when one ends, it ends the other and itself.
 */
export async function serve(): Promise<number> {
  try {
    const programs = ['engine', 'gateway'].map((thing) => ({ thing, main: program(thing) }));
    const uid = process.getuid?.() ?? 0;
    const places = servePlaces(process.env, uid);
    const ours = `${places['NANITE_RUNTIME_DIR']}/gateway.sock`;
    for (const socket of new Set([ours, ...(process.env['NANITE_RUNTIME_DIR'] ? [] : [systemSocket])])) {
      if (!(await isAnswering(socket))) continue;
      process.stderr.write(`nanite: Nanite already runs here (${socket}); nanite ask uses it\n`);
      return exitStatus.ok;
    }
    Object.assign(process.env, places);
    makeRuntimeDir(places['NANITE_RUNTIME_DIR'] ?? '/run/nanite', uid);
    mkdirSync(places['NANITE_STATE_DIR'] ?? '/var/lib/nanite', { recursive: true, mode: 0o755 });
    await writeHardwareReport(`${places['NANITE_RUNTIME_DIR']}/hardware.json`);
    const status = await runUntilOneEnds(programs);
    await removeSockets();
    return status;
  } catch (error) {
    return report(error);
  }
}

async function runUntilOneEnds(programs: Array<{ thing: string; main: string }>): Promise<number> {
  let stopping: NodeJS.Signals | null = null;
  // Own process groups: Ctrl-C comes to us alone, and we stop the services once and in order.
  const children = programs.map(({ thing, main }) => ({
    thing,
    child: spawn(process.execPath, [main], { stdio: ['ignore', 'inherit', 'inherit'], detached: true }),
  }));
  const stopAll = (): void => {
    for (const { child } of children) if (!ended(child)) child.kill('SIGTERM');
    setTimeout(() => {
      for (const { child } of children) if (!ended(child)) child.kill('SIGKILL');
    }, patience).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping ??= signal;
      stopAll();
    });
  }
  // However this process ends, it leaves no service behind.
  process.on('exit', () => {
    for (const { child } of children) if (!ended(child)) child.kill('SIGKILL');
  });
  void tellWhenReady(() => stopping !== null || children.some(({ child }) => ended(child)));

  let status: number | null = null;
  await Promise.all(
    children.map(
      ({ thing, child }) =>
        new Promise<void>((resolve) => {
          const over = (how: string, code: number): void => {
            if (stopping === null && status === null) {
              process.stderr.write(`nanite: ${thing} ended (${how}); stopping\n`);
              status = code === 0 ? exitStatus.error : code;
              stopAll();
            }
            resolve();
          };
          child.once('error', (error) => over(error.message, exitStatus.error));
          child.once('exit', (code, signal) =>
            over(signal ?? `status ${code}`, signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
          );
        }),
    ),
  );
  return status ?? (stopping === 'SIGINT' ? exitStatus.interrupted : exitStatus.ok);
}

async function tellWhenReady(isOver: () => boolean): Promise<void> {
  const path = socketPath('gateway');
  const client = new GatewayClient({ kind: 'unix', socketPath: path });
  while (!isOver()) {
    const answers = await client.tags().then(
      () => true,
      () => false,
    );
    if (answers) {
      process.stderr.write(`nanite: ready on ${path}; try in another terminal: nanite ask hello\n`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100).unref());
  }
}
