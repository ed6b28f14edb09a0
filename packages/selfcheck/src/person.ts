import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NaniteError } from '@nanite/kit';
import { runProgram } from './program';
import { CheckResult, type CheckId } from './report';

/** Whose session and files are looked at. */
export interface Person {
  name: string;
  uid: number;
  gid: number;
}

/** Users who log in have such ids in Debian (adduser.conf(5)). */
const isPerson = (uid: number): boolean => uid >= 1000 && uid < 60_000;

const runtimeOf = (uid: number): string => `/run/user/${uid}`;

/** @throws NaniteError `usage` where there is no such user */
export async function personCalled(name: string, signal: AbortSignal): Promise<Person> {
  const entry = (await runProgram(['getent', 'passwd', '--', name], signal))?.stdout.trim().split(':');
  if (entry?.[3] === undefined) {
    throw new NaniteError('usage', `there is no user '${name}'`, { hint: 'getent passwd lists the users' });
  }
  return { name: entry[0]!, uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Users with a session of systemd, in `loginctl list-users`. */
export const usersIn = (listing: string): Array<{ uid: number; name: string }> =>
  listing
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([uid, name]) => uid !== undefined && name !== undefined && isPerson(Number(uid)))
    .map(([uid, name]) => ({ uid: Number(uid), name: name! }));

/** The first person who is logged in and whose session is up, waiting for one; null where none is within the limit. */
export async function whoeverIsThere(seconds: number, signal: AbortSignal): Promise<Person | null> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const listing = await runProgram(['loginctl', 'list-users', '--no-legend'], signal);
    for (const { uid, name } of usersIn(listing?.stdout ?? '')) {
      if (existsSync(`${runtimeOf(uid)}/bus`)) return personCalled(name, signal);
    }
    if (Date.now() >= until) return null;
    await sleep(500, undefined, { signal });
  }
}

/**
 * Run a check as a person, by this very program under their name, in a process without any right of ours.
 *
 * @param options further options of the program
 * @returns its result; an error in words where it gave none
 * @throws what the signal was aborted with
 */
export function checkAs(
  person: Person,
  id: CheckId,
  options: readonly string[],
  signal: AbortSignal,
): Promise<CheckResult | string> {
  const { uid, gid } = person;
  const identity = ['--reuid', String(uid), '--regid', String(gid), '--init-groups', '--reset-env'];
  const place = ['env', `XDG_RUNTIME_DIR=${runtimeOf(uid)}`];
  const program = [process.execPath, process.argv[1]!, '--json', '--only', id, ...options];
  return new Promise((resolve, reject) => {
    const child = execFile(
      'setpriv',
      [...identity, ...place, ...program],
      { cwd: '/', maxBuffer: 16 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        signal.removeEventListener('abort', stop);
        if (signal.aborted) return reject(signal.reason);
        const results = CheckResult.array().safeParse(jsonOf(stdout)?.checks);
        resolve(results.data?.[0] ?? (stderr.trim() || 'it gave an answer that is not understood'));
      },
    );
    // It tidies up and ends by itself.
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

function jsonOf(text: string): { checks?: unknown } | undefined {
  try {
    return JSON.parse(text) as { checks?: unknown };
  } catch {
    return undefined;
  }
}

/** Name of the user who runs this; of who called sudo where they did. */
export function callerOf(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.() ?? 0): string | null {
  if (uid === 0)
    return env['SUDO_USER'] !== undefined && env['SUDO_USER'] !== 'root' ? env['SUDO_USER'] : null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(uid));
  return line?.split(':')[0] ?? env['USER'] ?? String(uid);
}
