import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { cgroupLimits, type CgroupLimits } from '../limits/cgroup';
import type { ReadFile } from '../limits/files';
import { mebibyte } from '@nanite/planning';
import type { Ending, Job, Launcher, Running } from './launcher';
import { signalName } from './systemd';
import type { Programs } from './environment';

/** What stacks and allocator arenas reserve without using: RLIMIT_DATA counts it, memory does not. */
const reserved = 1024 * mebibyte;

/** Time that a worker has between SIGTERM and SIGKILL. */
const stopAfter = 5_000;

/**
 * The arguments of bwrap(1): no network, nothing of the disk but programs, libraries and the model, nothing writable
 * but the job's own folder and a private /tmp, no privileges, ended with its parent.
 *
 * @param mountsProc whether a /proc of its own can be had; a container that hides parts of its own forbids that. Then
 *   the sandbox sees three files of it and no processes, and llama-server's number of threads does not adapt.
 */
export function sandboxArguments(job: Job, folder: string, programs: Programs, mountsProc = true): string[] {
  const readOnly = [
    '/usr',
    '/etc/ld.so.cache',
    '/etc/alternatives',
    '/sys/devices/system',
    programs.llama,
    programs.engine,
  ];
  const gpu = ['/dev/dri', '/dev/kfd', '/dev/nvidia0', '/dev/nvidiactl', '/dev/nvidia-uvm'];
  return [
    ...['--die-with-parent', '--new-session', '--unshare-all', '--cap-drop', 'ALL', '--clearenv'],
    ...Object.entries({ PATH: '/usr/bin:/bin', ...job.environment }).flatMap(([k, v]) => ['--setenv', k, v]),
    ...readOnly.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['bin', 'lib', 'lib64', 'sbin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...(mountsProc
      ? ['--proc', '/proc']
      : ['/proc/stat', '/proc/cpuinfo', '/proc/meminfo'].flatMap((path) => ['--ro-bind-try', path, path])),
    ...['--dev', '/dev', '--tmpfs', '/tmp'],
    ...(job.gpu ? gpu.flatMap((path) => ['--dev-bind-try', path, path]) : []),
    ...(job.gpu
      ? ['--ro-bind-try', '/sys/bus', '/sys/bus', '--ro-bind-try', '/sys/devices', '/sys/devices']
      : []),
    ...['--ro-bind', job.modelPath, job.modelPath],
    ...['--bind', folder, folder],
    ...['--', join(programs.engine, 'worker')],
  ];
}

/** Workers as children of this process inside bubblewrap, for machines and containers without systemd. */
export class BubblewrapLauncher implements Launcher {
  readonly name = 'bubblewrap';
  private readonly children = new Map<string, { child: ChildProcess; ended: Ending | null }>();

  private procMountable: Promise<boolean> | null = null;

  constructor(
    private readonly runtime: string,
    private readonly read: ReadFile,
    private readonly programs: Programs,
  ) {}

  folder(instance: string): string {
    return join(this.runtime, 'model', instance);
  }

  async start(job: Job): Promise<Running> {
    await this.stop(job.instance);
    const folder = this.folder(job.instance);
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    if (!existsSync('/usr/bin/bwrap')) {
      throw new NaniteError('sandbox-missing', 'models run in a sandbox, but bubblewrap is not installed', {
        hint: 'install bubblewrap',
      });
    }
    const child = spawn(
      'prlimit',
      [
        `--data=${job.memoryMax + reserved}`,
        '--core=0',
        'bwrap',
        ...sandboxArguments(job, folder, this.programs, await this.mountsProc()),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const entry: { child: ChildProcess; ended: Ending | null } = { child, ended: null };
    this.children.set(job.instance, entry);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    child.once('exit', (code, signal) => (entry.ended = endingOf(code, signal)));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    }).catch((cause: unknown) => {
      throw new NaniteError('sandbox-missing', 'the sandbox of models does not start', {
        hint: 'install util-linux and bubblewrap',
        cause,
      });
    });
    child.once('exit', () => {
      // bwrap's own words; the worker's are in its log.
      if (said !== '') process.stderr.write(`bwrap: ${said}`);
    });
    return { pid: child.pid ?? null, handle: job.instance };
  }

  private mountsProc(): Promise<boolean> {
    const probe = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--', '/bin/true'];
    this.procMountable ??= new Promise((resolve) =>
      execFile('bwrap', probe, (error) => resolve(error === null)),
    );
    return this.procMountable;
  }

  async stop(instance: string): Promise<void> {
    const entry = this.children.get(instance);
    if (!entry || entry.ended) return;
    const gone = new Promise<void>((resolve) => entry.child.once('exit', () => resolve()));
    // bwrap passes no signal on to the process inside: the sandbox ends with it, and all in it at once.
    entry.child.kill('SIGTERM');
    const timer = setTimeout(() => entry.child.kill('SIGKILL'), stopAfter);
    await gone;
    clearTimeout(timer);
  }

  alive({ handle }: Running): boolean {
    const entry = this.children.get(handle);
    return entry !== undefined && entry.ended === null;
  }

  ending(instance: string): Promise<Ending | null> {
    return Promise.resolve(this.children.get(instance)?.ended ?? null);
  }

  /** None outlives the engine. */
  find(): Promise<null> {
    return Promise.resolve(null);
  }

  residentBytes(running: Running): number | null {
    const pages = this.family(running.pid).map((pid) => {
      const kib = /^VmRSS:\s*(\d+) kB$/m.exec(this.read(`/proc/${pid}/status`) ?? '')?.[1];
      return Number(kib ?? 0) * 1024;
    });
    return pages.length === 0 ? null : pages.reduce((sum, bytes) => sum + bytes, 0);
  }

  cpuMicroseconds(running: Running): number | null {
    const used = this.family(running.pid).map((pid) => {
      // After the command, which may hold anything: field 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
      const fields = (this.read(`/proc/${pid}/stat`) ?? '').replace(/^.*\) /, '').split(' ');
      return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10_000;
    });
    return used.length === 0 ? null : used.reduce((sum, time) => sum + time, 0);
  }

  limits(): Promise<CgroupLimits> {
    return Promise.resolve(cgroupLimits(this.read));
  }

  /** A process and all below it. */
  private family(pid: number | null): number[] {
    if (pid === null || this.read(`/proc/${pid}/stat`) === null) return [];
    const children = (this.read(`/proc/${pid}/task/${pid}/children`) ?? '').trim();
    return [
      pid,
      ...children
        .split(' ')
        .filter(Boolean)
        .flatMap((child) => this.family(Number(child))),
    ];
  }
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal) return { kind: 'signal', status: signal.replace(/^SIG/, '') };
  if (code === 0) return { kind: 'success', status: '0' };
  // bwrap ends with 128 + the number of the signal that ended the process inside.
  if (code !== null && code > 128) return { kind: 'signal', status: signalName(code - 128) };
  return { kind: 'exit', status: String(code) };
}
