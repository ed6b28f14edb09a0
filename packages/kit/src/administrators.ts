import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Time that a person has for a password. */
const askMs = 120_000;

/** Who may administer something: root, a group, and whom polkit lets do this. */
export interface Administration {
  group: string;
  polkitAction: string;
}

/**
 * By the machine's database of users as it is now, so that a new member need not log in again.
 *
 * @returns false for a user without an entry in the database
 */
export async function isMemberOf(uid: number, group: string): Promise<boolean> {
  try {
    return (await run('id', ['-Gn', '--', String(uid)])).stdout.trim().split(' ').includes(group);
  } catch {
    return false;
  }
}

/**
 * Ids of all groups of a user, the main one first, by the machine's database as it is now.
 *
 * @returns null for a user without an entry in the database
 */
export async function groupsOf(uid: number): Promise<number[] | null> {
  try {
    return (await run('id', ['-G', '--', String(uid)])).stdout.trim().split(' ').map(Number);
  } catch {
    return null;
  }
}

/**
 * Whether somebody may administer; polkit may ask them for a password.
 *
 * @param person their process, for polkit; null: they are not asked
 */
export async function mayAdminister(
  person: { uid: number; pid: number | null },
  { group, polkitAction }: Administration,
): Promise<boolean> {
  if (person.uid === 0 || (await isMemberOf(person.uid, group))) return true;
  return person.pid !== null && (await polkitAllows(person.pid, person.uid, polkitAction));
}

/** Whether polkit says yes. Where there is no polkit: no. */
async function polkitAllows(pid: number, uid: number, action: string): Promise<boolean> {
  try {
    // With its start time the process cannot be mistaken for a later one of the same number.
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
    if (start === undefined) return false;
    const subject = `${pid},${start},${uid}`;
    await run('pkcheck', ['--action-id', action, '--process', subject, '--allow-user-interaction'], {
      timeout: askMs,
    });
    return true;
  } catch {
    return false;
  }
}
