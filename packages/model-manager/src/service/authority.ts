import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mayAdminister, NaniteError } from '@nanite/kit';

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
    if (await mayAdminister(person, { group, polkitAction })) return;
    throw new NaniteError(
      'not-authorised',
      `user ${person.uid} is not allowed to change the models of this machine`,
      {
        status: 403,
        hint: `the administrator can put you into the group: adduser NAME ${group}`,
      },
    );
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
