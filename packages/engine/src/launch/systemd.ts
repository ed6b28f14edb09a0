import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { NaniteError } from '@nanite/kit';
import { tighten, unifiedLimits, type CgroupLimits } from '../limits/cgroup';
import type { ReadFile } from '../limits/files';
import { environmentFile } from './environment';
import type { Ending, Job, Launcher, Running } from './launcher';

const run = promisify(execFile);

export type Systemctl = (...args: string[]) => Promise<string>;

const systemctl: Systemctl = async (...args) => {
  const { stdout } = await run('systemctl', ['--no-ask-password', '--quiet', ...args], { timeout: 30_000 });
  return stdout;
};

/** The unit of an instance: GPU devices are visible in units of the second kind only. */
export const unitOf = (instance: string, gpu: boolean): string =>
  `nanite-model${gpu ? '-gpu' : ''}@${instance}.service`;

/**
 * Workers as units nanite-model@ID.service.
 *
 * systemd does all a supervisor does: the sandbox, the cgroup, the record of how a process ended. Who may ask it for
 * that is ruled by polkit (debian/nanite-engine.rules): the engine's user, for these units only.
 */
export class SystemdLauncher implements Launcher {
  readonly name = 'systemd';

  /**
   * @param runtime /run/nanite
   * @param call how systemctl is called
   * @param settle milliseconds that systemd may take to note how a process ended
   */
  constructor(
    private readonly runtime: string,
    private readonly read: ReadFile,
    private readonly call: Systemctl = systemctl,
    private readonly settle = 10_000,
  ) {}

  folder(instance: string): string {
    return join(this.runtime, 'model', instance);
  }

  async start(job: Job): Promise<Running> {
    const unit = unitOf(job.instance, job.gpu);
    const folder = join(this.runtime, 'engine');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${job.instance}.env`);
    writeFileSync(`${file}.new`, environmentFile(job.environment));
    chmodSync(`${file}.new`, 0o640);
    renameSync(`${file}.new`, file);
    try {
      await this.call('set-property', '--runtime', unit, `MemoryMax=${job.memoryMax}`, 'MemorySwapMax=0');
      await this.call('restart', unit);
    } catch (cause) {
      throw new NaniteError('worker-died', `systemd does not start ${unit}`, {
        status: 502,
        hint: `see: journalctl -u ${unit}`,
        cause,
      });
    }
    const running = await this.find(job.instance, job.gpu);
    // Gone already: the caller sees that it is not alive and asks for its ending.
    return running ?? { pid: null, handle: '' };
  }

  async stop(instance: string, gpu: boolean): Promise<void> {
    await this.call('stop', unitOf(instance, gpu));
  }

  alive(running: Running): boolean {
    if (running.handle === '') return false;
    return /^populated 1$/m.test(this.read(`/sys/fs/cgroup${running.handle}/cgroup.events`) ?? '');
  }

  async ending(instance: string, gpu: boolean): Promise<Ending | null> {
    const until = Date.now() + this.settle;
    for (;;) {
      const { ActiveState, Result, ExecMainCode, ExecMainStatus, ControlGroup } = await this.show(
        unitOf(instance, gpu),
      );
      const goesOn = /^(active|activating|reloading|deactivating)$/.test(ActiveState ?? '');
      if (!goesOn) return endingOf(Result ?? '', Number(ExecMainCode ?? 0), Number(ExecMainStatus ?? 0));
      // Its processes may be gone before systemd has taken note, and ExecStopPost= runs after them.
      const ends = ActiveState === 'deactivating' || !this.alive({ pid: null, handle: ControlGroup ?? '' });
      if (!ends || Date.now() >= until) return null;
      await sleep(20);
    }
  }

  async find(instance: string, gpu: boolean): Promise<Running | null> {
    const { ActiveState, MainPID, ControlGroup } = await this.show(unitOf(instance, gpu));
    if (ActiveState !== 'active' || !ControlGroup) return null;
    return { pid: Number(MainPID) || null, handle: ControlGroup };
  }

  residentBytes({ handle }: Running): number | null {
    return handle === '' ? null : toNumber(this.read(`/sys/fs/cgroup${handle}/memory.current`));
  }

  cpuMicroseconds({ handle }: Running): number | null {
    const stat = handle === '' ? null : this.read(`/sys/fs/cgroup${handle}/cpu.stat`);
    return toNumber(/^usage_usec (\d+)$/m.exec(stat ?? '')?.[1] ?? null);
  }

  /** What an administrator set on the units or on the slices above them, before any of them runs. */
  async limits(): Promise<CgroupLimits> {
    const limits = unifiedLimits(this.read, '/nanite.slice/nanite-models.slice');
    const units = [unitOf('none', false), 'nanite-models.slice', 'nanite.slice'];
    const output = await this.call('show', '--property', 'CPUQuotaPerSecUSec,MemoryMax', ...units);
    for (const properties of output.split('\n\n').map(parseProperties)) {
      tighten(limits, {
        cpuQuota: seconds(properties['CPUQuotaPerSecUSec'] ?? 'infinity'),
        memoryBytes: toNumber(properties['MemoryMax'] ?? null),
      });
    }
    return limits;
  }

  private async show(unit: string): Promise<Record<string, string | undefined>> {
    const properties = 'ActiveState,Result,ExecMainCode,ExecMainStatus,MainPID,ControlGroup';
    return parseProperties(await this.call('show', '--property', properties, unit));
  }
}

/** `Name=value` lines of systemctl show. */
function parseProperties(output: string): Record<string, string | undefined> {
  return Object.fromEntries(
    output.split('\n').map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** Codes of wait(2) in ExecMainCode. */
const exited = 1;

function endingOf(result: string, code: number, status: number): Ending {
  if (result === 'success') return { kind: 'success', status: '0' };
  if (result === 'oom-kill') return { kind: 'out-of-memory', status: 'KILL' };
  if (code === exited) return { kind: 'exit', status: String(status) };
  if (code > exited) return { kind: 'signal', status: signalName(status) };
  return { kind: 'other', status: result };
}

export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found ? found[0].replace(/^SIG/, '') : String(number);
}

function toNumber(text: string | null): number | null {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : null;
}

/** A time span as systemctl shows it (`1s`, `1.500s`, `500ms`); null for infinity. */
export function seconds(span: string): number | null {
  let total = 0;
  for (const [, amount, unit] of span.matchAll(/([\d.]+)(us|ms|s|min|h)(?=\s|$)/g)) {
    const scale = { us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 }[unit as 'us' | 'ms' | 's' | 'min' | 'h'];
    total += Number(amount) * scale;
  }
  return total > 0 ? total : null;
}
