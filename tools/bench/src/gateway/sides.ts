import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typescript } from '../load';
import type { Address } from '../load/plan';
import { start, type Child } from '../machine/children';
import { checkout } from '../peers/cache';
import { startLitellm } from '../peers/litellm';

/** Ports of the namespace that the bench has to itself. */
const ports = { worker: 8001, gateway: 8002, litellm: 8003 } as const;

/** The fake worker, and everything that stands before it. */
export interface Sides {
  /** Where each side is asked, by transport. */
  direct: { tcp: Address; unix: Address };
  gateway: { tcp: Address; unix: Address };
  litellm: { tcp: Address };
  processes: { worker: Child; gateway: Child; litellm: Child };
  stop(): Promise<void>;
}

const tcp = (port: number): Address => ({ host: '127.0.0.1', port });
const fake = (name: string): string => fileURLToPath(new URL(`../fakes/${name}.ts`, import.meta.url));

/** The bundle as it is shipped; NANITE_BENCH_GATEWAY names another, to compare two builds. */
const bundle = (): string =>
  process.env['NANITE_BENCH_GATEWAY'] ?? join(checkout, 'packages/gateway/dist/main.mjs');

/** Start the fake worker and engine, the gateway as it is shipped, and LiteLLM. */
export async function startSides(): Promise<Sides> {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-bench-'));
  const runtime = join(folder, 'run');
  const etc = join(folder, 'etc');
  for (const path of [runtime, etc, join(folder, 'state'), join(folder, 'share')]) mkdirSync(path);
  writeFileSync(
    join(etc, 'config.yaml'),
    JSON.stringify({ gateway: { listeners: [{ host: '127.0.0.1', port: ports.gateway }] } }),
  );
  const started: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of started.reverse()) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ready = { until: /listening/ };
    const workerSocket = join(folder, 'worker.sock');
    const worker = await start(
      process.execPath,
      [...typescript, fake('worker'), workerSocket, String(ports.worker)],
      ready,
    );
    started.push(worker);
    const engine = [fake('engine'), join(runtime, 'engine.sock'), workerSocket, String(worker.pid)];
    started.push(await start(process.execPath, [...typescript, ...engine], ready));
    const gateway = await start(process.execPath, [bundle()], {
      env: {
        ...process.env,
        NANITE_RUNTIME_DIR: runtime,
        NANITE_ETC_DIR: etc,
        NANITE_SHARE_DIR: join(folder, 'share'),
        NANITE_STATE_DIR: join(folder, 'state'),
      },
      until: /\bready\b/,
    });
    started.push(gateway);
    const litellm = await startLitellm(folder, ports.litellm, `http://127.0.0.1:${ports.worker}/v1`);
    started.push(litellm);
    return {
      direct: { tcp: tcp(ports.worker), unix: { socketPath: workerSocket } },
      gateway: { tcp: tcp(ports.gateway), unix: { socketPath: join(runtime, 'gateway.sock') } },
      litellm: { tcp: tcp(ports.litellm) },
      processes: { worker, gateway, litellm },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
