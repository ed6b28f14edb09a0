import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@nanite/contracts';
import { uidOf } from './users';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * A new token and what the settings keep of it. Its 256 random bits need no slow hash: nobody can try them all.
 */
export function newToken(): { token: string; sha256: string } {
  const token = `nanite_${randomBytes(32).toString('base64url')}`;
  return { token, sha256: sha256(token).toString('hex') };
}

/** The token of a request as OpenAI's (`authorization: Bearer`) and Anthropic's (`x-api-key`) clients send it. */
export function presentedToken(headers: IncomingHttpHeaders): string | null {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers['x-api-key'];
  return bearer ?? (typeof key === 'string' && key !== '' ? key : null);
}

export class Tokens {
  readonly #known: Array<{ name: string; hash: Buffer; uid: number }>;

  /** @throws NaniteError `no-such-user` */
  constructor(tokens: ReadonlyArray<{ name: string; sha256: string; user: number | string }>) {
    this.#known = tokens.map(({ name, sha256: hash, user }) => ({
      name,
      hash: Buffer.from(hash, 'hex'),
      uid: uidOf(user),
    }));
  }

  identify(headers: IncomingHttpHeaders): Identity | null {
    const token = presentedToken(headers);
    if (token === null) return null;
    const hash = sha256(token);
    const match = this.#known.find((known) => timingSafeEqual(known.hash, hash));
    return match === undefined ? null : { uid: match.uid, pid: null, via: 'token', token: match.name };
  }
}
