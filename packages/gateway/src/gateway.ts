import type { Server } from 'node:http';
import { ModelStoreClient, type GatewaySettings } from '@nanite/contracts';
import { socketPath, type Log } from '@nanite/kit';
import { Backends } from './backends/registry';
import type { Context } from './context';
import { AccessLog } from './http/access-log';
import { BodyReader } from './http/body';
import { Connections } from './http/connections';
import { FrontDoor } from './http/front-door';
import { Tokens } from './identity/tokens';
import { Access } from './identity/users';
import { Broker } from './memory/broker';
import { keepAliveMs } from './memory/keep-alive';
import type { Engine } from './memory/types';
import { Catalogue } from './models/catalogue';
import { Speeds } from './models/speeds';
import { ResponseStore } from './openai/responses/store';
import { routes } from './routes';
import { Sessions, WorkerPools } from './upstream/session';

export interface GatewayOptions {
  settings: GatewaySettings;
  engine: Engine;
  store?: ModelStoreClient;
  log: Log;
  version: string;
  accessLog?: AccessLog;
  speeds?: Speeds;
}

/** The gateway without its listeners: servers that a caller binds where it wants. */
export class Gateway {
  readonly context: Context;
  readonly door: FrontDoor;
  readonly #pools = new WorkerPools();
  readonly #accessLog: AccessLog;

  /** @throws NaniteError where the settings name users or key files that are not there */
  constructor({
    settings,
    engine,
    store = new ModelStoreClient(socketPath('models')),
    log,
    version,
    accessLog = new AccessLog(),
    speeds = new Speeds(log),
  }: GatewayOptions) {
    const broker = new Broker({
      engine,
      log,
      queue: settings.queue,
      keepAliveMs: keepAliveMs(settings.keepAlive),
    });
    this.context = {
      settings,
      log,
      engine,
      store,
      version,
      broker,
      catalogue: new Catalogue(engine, (id) => broker.renew(id)),
      backends: new Backends(settings),
      speeds,
      sessions: new Sessions(broker, this.#pools, speeds, (id) => engine.stop(id)),
      bodies: new BodyReader(settings),
      responses: new ResponseStore(),
      startedAt: new Date().toISOString(),
      listeners: [],
      notices: [],
      counters: { running: 0, served: 0 },
    };
    this.#accessLog = accessLog;
    this.door = new FrontDoor(
      this.context,
      routes(),
      new Connections(new Tokens(settings.tokens)),
      new Access(settings.access),
      accessLog,
    );
  }

  server(entrance: 'unix' | 'loopback'): Server {
    return this.door.server(entrance);
  }

  /** Nothing to do, nothing in memory, for this long, in seconds; 0 where there is something. */
  get idleSeconds(): number {
    const { counters, broker } = this.context;
    if (counters.running > 0 || broker.size > 0 || broker.waiting > 0) return 0;
    return (performance.now() - this.door.lastActive) / 1000;
  }

  async close(): Promise<void> {
    this.#accessLog.flush();
    this.context.speeds.save();
    await Promise.all([this.#pools.close(), this.context.backends.close()]);
  }
}
