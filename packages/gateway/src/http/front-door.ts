import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Identity } from '@nanite/contracts';
import { NaniteError, describeError } from '@nanite/kit';
import type { Context } from '../context';
import type { Access } from '../identity/users';
import type { AccessLog } from './access-log';
import type { Connections, Entrance } from './connections';
import { allowOrigin, answerPreflight } from './cors';
import { Exchange } from './exchange';
import { hostAllowed, originAllowed } from './hosts';
import type { Router } from './router';
import { shapeOf } from './shapes';

/** Whoever was not let in. */
const nobody = (entrance: Entrance): Identity => ({
  uid: 65534,
  pid: null,
  via: entrance === 'remote' ? 'token' : entrance,
});

/** Idle connections of clients are kept so long; the service ends only after a longer quiet. */
export const keepAliveTimeoutMs = 75_000;

const serverOptions = {
  keepAliveTimeout: keepAliveTimeoutMs,
  headersTimeout: 15_000,
  // A blob of 40 GB takes its time; bodies that are held in memory have a limit of their own (body.ts).
  requestTimeout: 0,
  noDelay: true,
};

/** Lets requests in: who sent them, whether they may, and which handler answers. */
export class FrontDoor {
  lastActive = performance.now();

  constructor(
    private readonly context: Context,
    private readonly router: Router,
    private readonly connections: Connections,
    private readonly access: Access,
    private readonly accessLog: AccessLog,
  ) {}

  server(entrance: 'unix' | 'loopback'): Server {
    return this.attach(createServer(serverOptions, this.listener(entrance)), entrance);
  }

  /** A server that asks for tokens; it listens with TLS, or behind something that does. */
  async tlsServer(tls: { cert: Buffer; key: Buffer }): Promise<Server> {
    const { createServer: createTls } = await import('node:https');
    const server = createTls({ ...serverOptions, ...tls, minVersion: 'TLSv1.2' }, this.listener('remote'));
    return this.attach(server, 'remote');
  }

  private attach<S extends Server>(server: S, entrance: Entrance): S {
    server.on('connection', (socket: Socket) => {
      this.lastActive = performance.now();
      try {
        this.connections.opened(socket, entrance);
      } catch (error) {
        this.context.log.error('cannot identify clients', { error: describeError(error) });
      }
    });
    return server;
  }

  private listener(entrance: Entrance): RequestListener {
    return (req, res) => void this.admit(req, res, entrance);
  }

  private async admit(req: IncomingMessage, res: ServerResponse, entrance: Entrance): Promise<void> {
    const { context } = this;
    res.setHeader('server', serverName);
    const url = req.url ?? '/';
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    const method = req.method ?? 'GET';
    const shape = shapeOf(path, req.headers['anthropic-version'] !== undefined);
    let exchange = new Exchange(req, res, path, nobody(entrance), shape);
    context.counters.running += 1;
    res.once('close', () => {
      context.counters.running -= 1;
      context.counters.served += 1;
      this.lastActive = performance.now();
      this.accessLog.done(exchange, method);
    });
    try {
      this.checkSource(req, entrance);
      if (method === 'OPTIONS') return answerPreflight(req, allowed(req, res));
      allowOrigin(req, res);
      const identity = this.connections.identify(req, entrance);
      exchange = new Exchange(req, res, path, identity, shape);
      if (!this.access.allows(identity.uid)) {
        throw new NaniteError(
          'not-allowed',
          `user ${identity.uid} is not allowed to use the models of this machine`,
          {
            status: 403,
            hint: 'the administrator decides: gateway.access in the settings',
          },
        );
      }
      await this.router.find(method, path)(exchange, context);
    } catch (error) {
      exchange.fail(error);
      if (exchange.problem?.code === 'internal') {
        context.log.error('a request failed inside the gateway', { path, error: describeError(error) });
      }
    }
    // A body that nobody reads would keep the connection from its next request.
    if (!req.complete) req.resume();
  }

  /** @throws NaniteError 403 `foreign-host`, `foreign-origin` */
  private checkSource(req: IncomingMessage, entrance: Entrance): void {
    // No browser reaches a unix socket.
    if (entrance === 'unix') return;
    const { hosts, origins } = this.context.settings;
    if (entrance === 'loopback' && !hostAllowed(req.headers.host, hosts)) {
      throw new NaniteError('foreign-host', 'the request is addressed to another host', {
        status: 403,
        hint: 'call it localhost, or add the name to gateway.hosts in the settings',
      });
    }
    if (!originAllowed(req.headers.origin, origins)) {
      throw new NaniteError('foreign-origin', `web pages from ${req.headers.origin} are not allowed to ask`, {
        status: 403,
        hint: 'add the origin to gateway.origins in the settings',
      });
    }
  }
}

/** In the header `server` of every answer. Ollama sends none, so it tells the two apart. */
export const serverName = 'Nanite';

function allowed(req: IncomingMessage, res: ServerResponse): ServerResponse {
  allowOrigin(req, res);
  return res;
}
