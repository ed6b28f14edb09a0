import { execFile } from 'node:child_process';

/** One of our units, as systemd has it. */
export interface Unit {
  name: string;
  /** Whether it is the machine's or of this person's session. */
  of: 'machine' | 'session';
  /** `active`, `inactive`, `failed`, … */
  active: string;
  /** `running`, `listening`, `dead`, `failed`, … */
  sub: string;
}

/** The output of `systemctl list-units --plain --no-legend`: a unit a line. */
export function unitsOf(listing: string, of: Unit['of']): Unit[] {
  return listing
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name = '', load = '', active = '', sub = '']) =>
      name === '' || load === 'not-found' ? [] : [{ name, of, active, sub }],
    );
}

function list(of: Unit['of']): Promise<Unit[]> {
  const words = ['list-units', '--all', '--full', '--plain', '--no-legend', 'nanite-*'];
  return new Promise((resolve) => {
    execFile(
      'systemctl',
      of === 'session' ? ['--user', ...words] : words,
      { timeout: 5000, env: { ...process.env, LC_ALL: 'C.UTF-8' } },
      // Where there is no systemd, as in a container, there are no units.
      (error, stdout) => resolve(error === null ? unitsOf(stdout, of) : []),
    );
  });
}

/** All units of ours that systemd knows of, the machine's and those of this person's session. */
export async function ourUnits(): Promise<Unit[]> {
  return (await Promise.all([list('machine'), list('session')])).flat();
}

/** Services that a person should know of besides the gateway and the engine, in the order in which they are told. */
const services: ReadonlyArray<{ title: string; unit: string; of: Unit['of'] }> = [
  { title: 'model store', unit: 'nanite-models', of: 'machine' },
  { title: 'your files', unit: 'nanite-rag', of: 'session' },
  { title: 'shared files', unit: 'nanite-rag-team', of: 'machine' },
  { title: 'Chroma', unit: 'nanite-chroma', of: 'session' },
  { title: 'Chroma, shared', unit: 'nanite-rag-chroma', of: 'machine' },
];

export interface ServiceState {
  title: string;
  state: 'runs' | 'ready' | 'failed';
  unit: string;
}

/** What each service does: it runs, starts when it is asked, or has failed; those that are not in use are left out. */
export function serviceStates(units: readonly Unit[]): ServiceState[] {
  return services.flatMap(({ title, unit, of }): ServiceState[] => {
    const own = units.filter(
      (each) => each.of === of && (each.name === `${unit}.service` || each.name === `${unit}.socket`),
    );
    const service = own.find(({ name }) => name.endsWith('.service'));
    if (own.some(({ active }) => active === 'failed')) return [{ title, unit, state: 'failed' }];
    if (service?.active === 'active') return [{ title, unit, state: 'runs' }];
    return own.some(({ active }) => active === 'active') ? [{ title, unit, state: 'ready' }] : [];
  });
}

/** Something that needs attention: units that have failed, and how to see why and start them again. */
export function failedUnits(units: readonly Unit[]): Array<{ message: string; hint: string }> {
  return (['machine', 'session'] as const).flatMap((of) => {
    const failed = units.filter((unit) => unit.of === of && unit.active === 'failed').map(({ name }) => name);
    if (failed.length === 0) return [];
    const user = of === 'session' ? ' --user' : '';
    const root = of === 'session' ? '' : 'sudo ';
    // The journal of a socket says nothing; its service's says why both have failed.
    const [shown = failed[0]] = failed.filter((name) => name.endsWith('.service'));
    const again = failed.filter((name) => name.endsWith('.socket'));
    const start = (again.length > 0 ? again : failed).join(' ');
    return [
      {
        message: `${failed.join(' and ')} ${failed.length === 1 ? 'has' : 'have'} failed`,
        hint: `see why: journalctl${user} -b -u ${shown}\nthen:    ${root}systemctl${user} reset-failed ${failed.join(' ')}\n         ${root}systemctl${user} start ${start}`,
      },
    ];
  });
}
