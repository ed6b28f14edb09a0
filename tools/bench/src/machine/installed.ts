import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { GatewayClient } from '@nanite/contracts';
import { Machine } from '@nanite/target';

const pidNamespace = (pid: string): string | null => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
};

/** Pids of a namespace, as they are seen from here, by what they are inside it. */
function pidsByInner(namespace: string): Map<number, number> {
  const pids = new Map<number, number>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || pidNamespace(pid) !== namespace) continue;
    try {
      const inner = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (inner !== undefined) pids.set(Number(inner), Number(pid));
    } catch (error) {
      // It ended while we looked.
      if (
        (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
        (error as NodeJS.ErrnoException).code !== 'ESRCH'
      )
        throw error;
    }
  }
  return pids;
}

/** Install; all machines share one folder of Debian's archives, and apt does not wait for whoever fetches into it. */
async function install(machine: Machine, packages: readonly string[]): Promise<void> {
  for (let left = 40; ; left--) {
    try {
      await machine.install([...packages]);
      return;
    } catch (error) {
      // What apt says goes to standard error of the one command and into the message of the other.
      const isTaken = error instanceof Error && /Could not get lock|--download-only/.test(error.message);
      if (!isTaken || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
}

/** Nanite as people have it: its .debs installed by apt into a booted Debian 13 with no network but loopback. */
export class InstalledNanite {
  private constructor(
    readonly machine: Machine,
    private readonly namespace: string,
    private readonly leader: number,
  ) {}

  static async boot(name: string, packages: readonly string[]): Promise<InstalledNanite> {
    const machine = Machine.boot(name, { network: 'none' });
    try {
      await install(machine, packages);
      // What packages start when they are installed (hardware detection) comes to rest.
      await machine.run('systemctl is-system-running --wait || true');
      const namespace = (await machine.run('readlink /proc/self/ns/pid')).stdout.trim();
      const leader = pidsByInner(namespace).get(1);
      if (leader === undefined) throw new Error(`machine ${name} has no first process`);
      return new InstalledNanite(machine, namespace, leader);
    } catch (error) {
      machine.stop();
      throw error;
    }
  }

  /** Path of a file of the machine, seen from here. Sockets can be connected to. */
  path(inside: string): string {
    return `/proc/${this.leader}/root${inside}`;
  }

  get gatewaySocket(): string {
    return this.path('/run/nanite/gateway.sock');
  }

  get gateway(): GatewayClient {
    return new GatewayClient({ kind: 'unix', socketPath: this.gatewaySocket });
  }

  /** Our pid of a process of the machine. */
  outerPid(inner: number): number {
    const pid = pidsByInner(this.namespace).get(inner);
    if (pid === undefined) throw new Error(`the machine has no process ${inner}`);
    return pid;
  }

  /** Pids, as seen from here, of all processes of units that match. */
  async pidsOf(pattern: string): Promise<number[]> {
    const { stdout } = await this.machine.run(
      `for unit in $(systemctl list-units --plain --no-legend --state=active,activating,deactivating '${pattern}' | cut -d' ' -f1); do ` +
        `cat /sys/fs/cgroup$(systemctl show -P ControlGroup "$unit")/cgroup.procs 2>/dev/null; done; true`,
    );
    const inner = [...new Set(stdout.split('\n').filter(Boolean).map(Number))];
    const pids = pidsByInner(this.namespace);
    return inner.map((pid) => pids.get(pid)).filter((pid) => pid !== undefined);
  }

  async versions(): Promise<string[]> {
    const { stdout } = await this.machine.run("dpkg-query -W -f '${Package} ${Version}\\n' 'nanite-*'");
    return stdout.trim().split('\n');
  }

  stop(): void {
    this.machine.stop();
  }
}
