import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { NaniteError } from '../errors';
import { seccompFilter } from './seccomp';

export interface SandboxLimits {
  /** Bytes of memory that it may have written to (RLIMIT_DATA). */
  memory: number;
  cpuSeconds: number;
  /** Bytes that it may write to a file that it was given; default: none. */
  fileBytes?: number;
}

export interface Sandboxed extends SandboxLimits {
  /** Program and arguments; the program by its whole path. */
  command: readonly string[];
  environment?: Record<string, string>;
  /** Open file that the program gets as descriptor 3. */
  fd?: number;
  /** Open file that is the program's standard input; default: nothing. `pipe` for a program that is asked. */
  stdin?: number | 'pipe';
  /** Open file that the program's standard output goes to; default: a pipe. */
  stdout?: number;
  /** Files and folders that the program may read besides /usr. */
  readable: readonly string[];
  /** Folder in which it may make files of up to `fileBytes`; refused where the kernel has no Landlock. */
  writable?: string;
}

export interface SandboxedRun extends Sandboxed {
  stdin?: number;
  /** Time after which it is killed whatever it does. */
  milliseconds: number;
  signal?: AbortSignal;
}

export interface Ran {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Whether it was killed for its time or for too much output. */
  overran: boolean;
}

export interface SandboxedProcess extends ChildProcess {
  stdin: Writable | null;
  stdout: Readable | null;
  stderr: Readable;
}

const mostOutput = 8 * 2 ** 20;

/**
 * Start a program that may only read what it was given, compute, and answer on its standard output.
 *
 * prlimit(1) bounds memory and CPU time and forbids files; setpriv(1) gives up privileges for good, then seccomp lets
 * no system call through that makes sockets, processes or files, and Landlock hides all files but /usr and `readable`.
 * Both belong to util-linux, which is essential on Debian; neither needs root, a user namespace or systemd, so the same
 * sandbox holds inside a hardened unit, in a container and in a test (docs/decisions/0087).
 * @throws NaniteError `sandbox-missing` where there is no filter for this processor, or no Landlock for `writable`. Whether it has started is seen only
 *   by what it says: see {@link sandboxFailed}
 */
export async function startSandboxed(run: Sandboxed): Promise<SandboxedProcess> {
  const mayWrite = run.writable !== undefined;
  const works = await landlockWorks();
  if (mayWrite && !works)
    throw sandboxMissing('this kernel does not have Landlock, which limits what can be written');
  const landlock = works ? landlockArguments(run.readable, dirname(run.command[0]!), run.writable) : [];
  return spawn(
    'prlimit',
    [
      `--data=${run.memory}`,
      `--cpu=${run.cpuSeconds}`,
      ...[`--fsize=${run.fileBytes ?? 0}`, '--core=0', '--nofile=64', '--memlock=0', '--'],
      ...[
        'setpriv',
        '--no-new-privs',
        '--pdeathsig',
        'KILL',
        // What a service may do that reads for others, such as CAP_DAC_READ_SEARCH, ends here.
        '--inh-caps=-all',
        '--ambient-caps=-all',
        ...landlock,
        '--seccomp-filter',
        '/dev/fd/4',
        '--',
      ],
      ...run.command,
    ],
    {
      stdio: [run.stdin ?? 'ignore', run.stdout ?? 'pipe', 'pipe', run.fd ?? 'ignore', filterFile(mayWrite)],
      // Node reads OpenSSL's settings before anything else, and these are hidden.
      env: { PATH: '/usr/bin:/bin', OPENSSL_CONF: '/dev/null', LC_ALL: 'C.UTF-8', ...run.environment },
      cwd: '/',
    },
  ) as SandboxedProcess;
}

/** Whether what a process said on its standard error means that the sandbox itself did not start. */
export const sandboxFailed = (stderr: string): boolean => /^(?:setpriv|prlimit): /.test(stderr);

/** @param cause why the sandbox did not start */
export const sandboxMissing = (cause: unknown): NaniteError =>
  new NaniteError('sandbox-missing', 'the sandbox in which files are read does not start', {
    status: 503,
    hint: 'it needs setpriv and prlimit of util-linux 2.41 and a kernel with seccomp; nothing is read without it',
    cause,
  });

/**
 * Run a program in the sandbox of {@link startSandboxed} to its end.
 *
 * @throws NaniteError `sandbox-missing`: nothing is ever run without the sandbox
 */
export async function runSandboxed(run: SandboxedRun): Promise<Ran> {
  const child = await startSandboxed(run);
  let overran = false;
  const stop = () => {
    overran = true;
    child.kill('SIGKILL');
  };
  const stdout = collect(child.stdout, stop);
  const stderr = collect(child.stderr, stop);
  const timer = setTimeout(stop, run.milliseconds);
  const abort = () => child.kill('SIGKILL');
  run.signal?.addEventListener('abort', abort, { once: true });
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ended) => resolve(ended));
    }).catch((cause: unknown) => {
      throw sandboxMissing(cause);
    });
    run.signal?.throwIfAborted();
    if (sandboxFailed(stderr())) throw sandboxMissing(stderr().trim());
    return { stdout: stdout(), stderr: stderr(), code, signal, overran };
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', abort);
  }
}

const filters = new Map<boolean, number>();

/** The filter as an open file without a name: setpriv reads it by `/dev/fd`, and what Node calls a pipe is a socket. */
function filterFile(mayWrite: boolean): number {
  const known = filters.get(mayWrite);
  if (known !== undefined) return known;
  const program = seccompFilter(process.arch, mayWrite);
  if (!program) {
    throw new NaniteError(
      'sandbox-missing',
      `there is no sandbox for processors of the kind ${process.arch}`,
      {
        status: 503,
        hint: 'Nanite reads files of others on x86-64 and ARM of 64 bits',
      },
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'nanite-sandbox-'));
  try {
    const path = join(folder, 'filter');
    writeFileSync(path, program, { mode: 0o400 });
    const filter = openSync(path, 'r');
    filters.set(mayWrite, filter);
    return filter;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function collect(stream: Readable | null, stop: () => void): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  stream?.on('data', (part: Buffer) => {
    size += part.length;
    if (size > mostOutput) stop();
    else parts.push(part);
  });
  return () => Buffer.concat(parts).toString('utf8');
}

function landlockArguments(readable: readonly string[], programs = '/usr', writable?: string): string[] {
  const rule = (access: string, path: string) => ['--landlock-rule', `path-beneath:${access}:${path}`];
  return [
    ...['--landlock-access', 'fs'],
    ...rule('execute,read-file,read-dir', '/usr'),
    ...rule('execute,read-file,read-dir', programs),
    ...rule('read-file', '/dev/null'),
    ...rule('read-file,read-dir', '/sys/devices/system'),
    ...readable.flatMap((path) => rule('read-file', path)),
    ...(writable === undefined ? [] : rule('read-file,write-file,make-reg,truncate', writable)),
  ];
}

let known: Promise<boolean> | undefined;

/**
 * Whether this kernel has Landlock switched on (Debian's has; a container's host may not). Without it the program can
 * read what its user can read, and still cannot write, connect or start anything: seccomp holds alone.
 */
export function landlockWorks(): Promise<boolean> {
  known ??= new Promise((resolve) =>
    execFile('setpriv', ['--no-new-privs', ...landlockArguments([]), '--', '/usr/bin/true'], (error) =>
      resolve(error === null),
    ),
  );
  return known;
}
