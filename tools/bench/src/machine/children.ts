import { spawn, type ChildProcess } from 'node:child_process';
import { NaniteError } from '@nanite/kit';

/** A process that a bench started. */
export interface Child {
  pid: number;
  /** All that it wrote, both streams, the last 64 KiB. */
  said(): string;
  hasEnded(): boolean;
  /** Let it, and all that it started, stand still. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Resolve only when its output matches. */
  until?: RegExp;
  /** Milliseconds to wait for `until`. */
  within?: number;
}

/** Each leads a process group of its own, so what it started ends with it. */
const running = new Map<number, ChildProcess>();

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

// However this process ends, what it started is not left behind.
process.on('exit', () => {
  for (const pid of running.keys()) killGroup(pid, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}

function remember(child: ChildProcess): number {
  const { pid } = child;
  if (pid === undefined) throw new NaniteError('not-started', `${child.spawnfile} did not start`);
  running.set(pid, child);
  return pid;
}

async function end(pid: number, child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    killGroup(pid, 'SIGTERM');
    killGroup(pid, 'SIGCONT');
    const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
  }
  // The leader is gone; those of its group that are not yet, go now.
  killGroup(pid, 'SIGKILL');
  running.delete(pid);
}

/**
 * Start a process that goes on until `stop`, or until this process ends.
 *
 * @throws NaniteError `not-started` with what it said, where it ends or stays silent before `until` matches
 */
export async function start(command: string, args: string[], options: StartOptions = {}): Promise<Child> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  if (child.pid === undefined) await failed;
  const pid = remember(child);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  let heard = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-65_536);
      heard();
    });
  }
  const { until } = options;
  if (until !== undefined) {
    const within = options.within ?? 30_000;
    let timer: NodeJS.Timeout | undefined;
    const why = await Promise.race([
      new Promise<null>((resolve) => {
        heard = () => until.test(said) && resolve(null);
        heard();
      }),
      gone.then(() => `ended with ${child.exitCode ?? child.signalCode}`),
      new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve(`was not ready after ${within / 1000} s`), within);
      }),
    ]);
    clearTimeout(timer);
    if (why !== null) {
      await end(pid, child, gone);
      throw new NaniteError('not-started', `${command} ${args.join(' ')} ${why}\n${said}`.trim());
    }
  }
  return {
    pid,
    said: () => said,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    pause: () => killGroup(pid, 'SIGSTOP'),
    resume: () => killGroup(pid, 'SIGCONT'),
    stop: () => end(pid, child, gone),
  };
}

/**
 * Run a process to its end.
 *
 * @param within milliseconds after which it is killed
 * @returns its standard output
 * @throws NaniteError `command-failed` with what it said, `command-timeout`
 */
export async function run(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; within?: number; input?: string } = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: 'pipe',
    detached: true,
  });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  if (child.pid === undefined) await failed;
  const pid = remember(child);
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-65_536)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const within = options.within ?? 120_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(pid, 'SIGKILL');
  }, within);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  killGroup(pid, 'SIGKILL');
  running.delete(pid);
  const what = `${command} ${args.join(' ')}`.slice(0, 400);
  if (late) throw new NaniteError('command-timeout', `${what} was not done after ${within / 1000} s\n${err}`);
  if (code !== 0) throw new NaniteError('command-failed', `${what} ended with ${code}\n${err}${out}`);
  return out;
}
