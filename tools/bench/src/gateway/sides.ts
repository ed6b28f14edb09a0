import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../bench';
import { typescript } from '../load';
import type { Address } from '../load/plan';
import { build } from '../machine/build';
import { start, type Child } from '../machine/children';
import { checkout } from '../peers/cache';
import { installLitellm, startLitellm } from '../peers/litellm';

/** Inside the checkout, so that native modules are found. */
const bundleFolder = join(checkout, 'tools/bench/dist/gateway');

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

/** What the unit gives to Node before the program, such as limits of its heap. */
function nodeOptions(): string[] {
  const unit = readFileSync(join(checkout, 'packages/gateway/systemd/nanite-gateway.service'), 'utf8');
  const options = /^ExecStart=\/usr\/bin\/node (.*?)\S+\.mjs$/m.exec(unit)?.[1];
  if (options === undefined) throw new Error('nanite-gateway.service starts no bundle with Node any more');
  return options.split(' ').filter(Boolean);
}

/**
 * Take a copy of the gateway's bundle, as it is shipped: a build that goes on beside the bench does not disturb it.
 * NANITE_BENCH_GATEWAY names another bundle, to compare two.
 */
function takeGateway(): void {
  const from = process.env['NANITE_BENCH_GATEWAY'] ?? join(checkout, 'packages/gateway/dist/main.mjs');
  rmSync(bundleFolder, { recursive: true, force: true });
  cpSync(dirname(from), bundleFolder, { recursive: true });
  if (basename(from) !== 'main.mjs')
    renameSync(join(bundleFolder, basename(from)), join(bundleFolder, 'main.mjs'));
}

/** Everything that {@link startSides} needs and that may want the network. */
export async function prepareSides({ build: wanted, progress }: BenchOptions): Promise<void> {
  await installLitellm(progress);
  if (wanted && process.env['NANITE_BENCH_GATEWAY'] === undefined)
    build('build', ['nanite-gateway'], progress);
  takeGateway();
}

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
    const gateway = await start(process.execPath, [...nodeOptions(), join(bundleFolder, 'main.mjs')], {
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
