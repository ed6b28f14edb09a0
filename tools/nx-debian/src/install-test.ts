import { Machine } from '@nanite/target';
import { readControl } from './control';

/**
 * Paths that Debian's own programs may write or rewrite in the course of any installation. Users and groups are in
 * here: sysusers.d(5) never removes an account, so that files of a purged service keep an owner that is no one else's.
 */
const ofTheSystem = [
  /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/,
  /^\/etc\/(ld\.so\.cache|\.pwd\.lock|apt\/sources\.list\.d\/flat\.list)$/,
  /^\/var\/(cache|log|tmp)\//,
  /^\/var\/lib\/(apt|dpkg|systemd|polkit-1)\//,
];

/** Every path on the machine's disk, with what tells one content from another. */
async function snapshot(machine: Machine): Promise<Set<string>> {
  const { stdout } = await machine.run(
    "find / -xdev -not -type d -printf '%p\\t%s %l %u:%g %m\\n' -o -type d -printf '%p/\\t%u:%g %m\\n'",
  );
  return new Set(
    stdout
      .split('\n')
      .filter((line) => line !== '' && !ofTheSystem.some((pattern) => pattern.test(line.split('\t')[0]!))),
  );
}

const failedUnits = async (machine: Machine): Promise<string[]> =>
  (await machine.run('systemctl --failed --plain --no-legend --no-pager')).stdout.split('\n').filter(Boolean);

/**
 * Install, reinstall, remove and purge a folder's packages in a booted clean trixie.
 *
 * What they need from Debian is there before, so that the disk before and after shows what our packages leave behind
 * and nothing else.
 * @throws Error with what apt printed, the failed units, or the paths that differ
 */
export async function installTest(folder: string): Promise<void> {
  const { source, binaries } = readControl(folder);
  const packages = binaries.map(({ name }) => name);
  const name = `it-${source.slice(0, 40).replaceAll('.', '-')}`;
  const machine = await Machine.withDependencies(name, packages);
  try {
    const before = await snapshot(machine);
    const failedBefore = await failedUnits(machine);

    await machine.run(`apt-get install -y --no-install-recommends ${packages.join(' ')}`, {
      timeout: 300_000,
    });
    const failed = (await failedUnits(machine)).filter((unit) => !failedBefore.includes(unit));
    if (failed.length > 0) throw new Error(`units that failed with the installation:\n${failed.join('\n')}`);
    await machine.run(`apt-get install -y --reinstall ${packages.join(' ')}`, { timeout: 300_000 });
    await machine.run(`apt-get remove -y ${packages.join(' ')}`);
    await machine.run("apt-get purge -y 'nanite*'");

    const after = await snapshot(machine);
    const left = [...after].filter((line) => !before.has(line));
    const lost = [...before].filter((line) => !after.has(line));
    if (left.length + lost.length > 0) {
      throw new Error(
        `the disk after the purge is not as it was before:\n${[...left.map((line) => `+ ${line}`), ...lost.map((line) => `- ${line}`)].join('\n')}`,
      );
    }
    console.log(`${packages.join(', ')}: installed, reinstalled, removed, purged; nothing left behind`);
  } finally {
    machine.stop();
  }
}
