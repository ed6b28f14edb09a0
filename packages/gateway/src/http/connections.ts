import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Identity } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { identifyLoopback, identifyUnix } from '../identity/peer';
import type { Tokens } from '../identity/tokens';

/** Where a request came in: that decides how we know who sent it. */
export type Entrance = 'unix' | 'loopback' | 'remote';

/** Who is at the other end of each connection. Asked once, when it opens: later the peer may be gone. */
export class Connections {
  readonly #known = new WeakMap<Socket, Identity | null>();

  constructor(private readonly tokens: Tokens) {}

  opened(socket: Socket, entrance: Entrance): void {
    if (entrance === 'remote') return;
    this.#known.set(socket, entrance === 'unix' ? identifyUnix(socket) : identifyLoopback(socket));
  }

  /** @throws NaniteError 403 `unknown-peer`, 401 `no-token` */
  identify(req: IncomingMessage, entrance: Entrance): Identity {
    if (entrance === 'remote') {
      const identity = this.tokens.identify(req.headers);
      if (identity !== null) return identity;
      throw new NaniteError('no-token', 'a valid token is needed from outside this machine', {
        status: 401,
        hint: 'send it as "authorization: Bearer …"; nanite-gateway(8) says how to make one',
      });
    }
    const identity = this.#known.get(req.socket) ?? null;
    if (identity !== null) return identity;
    throw new NaniteError('unknown-peer', 'the kernel does not tell who you are', {
      status: 403,
      hint: 'keep the connection open until the answer has arrived',
    });
  }
}
