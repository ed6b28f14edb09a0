import { execFileSync } from 'node:child_process';
import { NaniteError } from '@nanite/kit';

/**
 * The uid of a user as settings name one, by whatever sources of users this machine has (nsswitch.conf).
 *
 * @throws NaniteError `no-such-user`
 */
export function uidOf(user: number | string): number {
  if (typeof user === 'number') return user;
  try {
    const printed = execFileSync('id', ['-u', '--', user], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(printed.trim());
  } catch (cause) {
    throw new NaniteError('no-such-user', `the settings name the user ${user}, but there is no such user`, {
      hint: 'correct gateway.access or gateway.tokens',
      cause,
    });
  }
}

/** Who may ask. */
export class Access {
  readonly #only: Set<number> | null;
  readonly #deny: Set<number>;

  /** @throws NaniteError `no-such-user` */
  constructor(settings: {
    only: ReadonlyArray<number | string> | null;
    deny: ReadonlyArray<number | string>;
  }) {
    this.#only = settings.only === null ? null : new Set(settings.only.map(uidOf));
    this.#deny = new Set(settings.deny.map(uidOf));
  }

  allows(uid: number): boolean {
    return !this.#deny.has(uid) && (this.#only === null || this.#only.has(uid));
  }
}
