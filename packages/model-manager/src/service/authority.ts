import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { NaniteError } from '@nanite/kit';

const run = promisify(execFile);

/** Who sent a request: by the kernel's word, or by the gateway's for somebody else. */
export interface Person {
  uid: number;
  /** Process at the other end; null where the gateway acts for somebody. */
  pid: number | null;
  /** User id of the gateway that speaks for this person; null: nobody. */
  through: number | null;
}

/** Members of it may change the store. */
export const group = 'nanite';
export const polkitAction = 'org.nanite.models.change';

/** Time that a person has for a password. */
const askMs = 120_000;

export interface Authority {
  /** @throws NaniteError `not-authorised` 403 */
  allowChange(person: Person): Promise<void>;
  /** Whether a user may speak for others. */
  maySpeakForOthers(uid: number): Promise<boolean>;
}

/** Root, the group `nanite`, and whom polkit lets. */
export class SystemAuthority implements Authority {
  #gateway: Promise<number | null> | null = null;

  async allowChange(person: Person): Promise<void> {
    if (person.uid === 0 || (await isMember(person.uid))) return;
    if (person.pid !== null && (await polkitAllows(person.pid, person.uid))) return;
    throw new NaniteError('not-authorised', `user ${person.uid} may not change the models of this machine`, {
      status: 403,
      hint: `the administrator can put you into the group: adduser NAME ${group}`,
    });
  }

  async maySpeakForOthers(uid: number): Promise<boolean> {
    this.#gateway ??= uidOf('nanite-gateway');
    return uid === 0 || uid === (await this.#gateway);
  }
}

async function uidOf(user: string): Promise<number | null> {
  try {
    return Number((await run('id', ['-u', '--', user])).stdout.trim());
  } catch {
    // The gateway is not installed.
    return null;
  }
}

/** By the machine's user database as it is now, so that a new member need not log in again. */
async function isMember(uid: number): Promise<boolean> {
  try {
    return (await run('id', ['-Gn', '--', String(uid)])).stdout.trim().split(' ').includes(group);
  } catch {
    // A user without an entry in the database is in no group.
    return false;
  }
}

/** Whether polkit says yes; it may ask the person for a password. Where there is no polkit: no. */
async function polkitAllows(pid: number, uid: number): Promise<boolean> {
  try {
    // With its start time the process cannot be mistaken for a later one of the same number.
    const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19];
    if (start === undefined) return false;
    const subject = `${pid},${start},${uid}`;
    await run('pkcheck', ['--action-id', polkitAction, '--process', subject, '--allow-user-interaction'], {
      timeout: askMs,
    });
    return true;
  } catch {
    return false;
  }
}
