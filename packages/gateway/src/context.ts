import type { GatewayNotice, GatewaySettings, ModelStoreClient } from '@nanite/contracts';
import type { Log } from '@nanite/kit';
import type { Backends } from './backends/registry';
import type { BodyReader } from './http/body';
import type { Exchange } from './http/exchange';
import type { Broker } from './memory/broker';
import type { Engine } from './memory/types';
import type { Catalogue } from './models/catalogue';
import type { Speeds } from './models/speeds';
import type { ResponseStore } from './openai/responses/store';
import type { Sessions } from './upstream/session';

/** What every handler may use. */
export interface Context {
  settings: GatewaySettings;
  log: Log;
  engine: Engine;
  catalogue: Catalogue;
  /** How fast models answer here. */
  speeds: Speeds;
  /** Asked for a user: models/store.ts. */
  store: ModelStoreClient;
  backends: Backends;
  broker: Broker;
  sessions: Sessions;
  bodies: BodyReader;
  /** What /v1/responses can go on from. */
  responses: ResponseStore;
  /** Version of the package, and what /nanite/v1/status says of this run. */
  version: string;
  startedAt: string;
  listeners: string[];
  notices: GatewayNotice[];
  counters: { running: number; served: number };
}

export type Handler = (exchange: Exchange, context: Context) => Promise<void> | void;
