import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GatewaySettings, ModelStoreClient, type ModelEntry } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import type { z } from 'zod';
import { Gateway } from '../gateway';
import { AccessLog } from '../http/access-log';
import { Speeds } from '../models/speeds';
import { FakeEngine, fakeEntry } from './fake-engine';

export interface TestGateway {
  gateway: Gateway;
  engine: FakeEngine;
  /** On loopback TCP. */
  url: string;
  /** On a unix socket. */
  socket: string;
  /** Every line of the access log and of the log. */
  lines: string[];
  close(): Promise<void>;
}

const listening = (server: Server, on: string | number): Promise<void> =>
  new Promise((resolve) => {
    if (typeof on === 'number') server.listen(on, '127.0.0.1', resolve);
    else server.listen(on, resolve);
  });

export const testModels = (): ModelEntry[] => [
  fakeEntry('smollm2', { system: null }),
  fakeEntry('thinker', { capabilities: ['completion', 'chat', 'tools', 'thinking', 'vision', 'audio'] }),
  fakeEntry('bge', { format: 'onnx', capabilities: ['embedding'], embeddingLength: 4, contextLength: 512 }),
];

/** A gateway in this process before fake workers. */
export async function startTestGateway(
  settings: z.input<typeof GatewaySettings> = {},
  entries: ModelEntry[] = testModels(),
): Promise<TestGateway> {
  const engine = new FakeEngine(entries);
  const lines: string[] = [];
  const write = (text: string) => void lines.push(text);
  const log = createLog(write);
  const gateway = new Gateway({
    settings: GatewaySettings.parse(settings),
    engine,
    store: new ModelStoreClient(join(engine.folder, 'models.sock')),
    log,
    version: '0.0.0',
    accessLog: new AccessLog(write, 1),
    speeds: new Speeds(log, join(engine.folder, 'speeds.json'), join(engine.folder, 'hardware.json')),
  });
  const socket = join(engine.folder, 'gateway.sock');
  const unix = gateway.server('unix');
  const tcp = gateway.server('loopback');
  await Promise.all([listening(unix, socket), listening(tcp, 0)]);
  return {
    gateway,
    engine,
    url: `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`,
    socket,
    lines,
    async close() {
      for (const server of [unix, tcp]) {
        server.close();
        server.closeAllConnections();
      }
      await gateway.close();
      engine.close();
    },
  };
}
