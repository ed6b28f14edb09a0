import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HardwareReport, Settings } from '@nanite/contracts';
import {
  createLog,
  describeError,
  libDir,
  loadSettings,
  runProgram,
  runtimeDir,
  serve,
  shareDir,
  socketPath,
  stateDir,
} from '@nanite/kit';
import { BubblewrapLauncher } from './launch/bubblewrap';
import type { Programs } from './launch/environment';
import { SystemdLauncher } from './launch/systemd';
import { readSystemFile } from './limits/files';
import { createApi } from './server';
import { Engine } from './workers/engine';
import { KnowledgeFile } from './workers/knowledge';
import { LlamaProgram } from './workers/llama';
import { Measurer } from './workers/measure';

/** Seconds without workers and requests after which a socket-activated engine ends. */
const idleSeconds = 60;

const usage = `usage: nanite-engine [--help]

Starts and stops the workers of models for nanite-gateway, on ${socketPath('engine')}.
See nanite-engine(8).
`;

async function main(): Promise<void> {
  const log = createLog();
  const settings = loadSettings(Settings, { user: false }).values.engine;
  const here = dirname(fileURLToPath(import.meta.url));
  const programs: Programs = { llama: join(libDir(), 'llama'), engine: here };
  const launcher = existsSync('/run/systemd/system')
    ? new SystemdLauncher(runtimeDir(), readSystemFile)
    : new BubblewrapLauncher(runtimeDir(), readSystemFile, programs);
  const knowledge = new KnowledgeFile(join(stateDir(), 'engine/knowledge.json'), log);
  const measurer = new Measurer(launcher, knowledge, programs, readSystemFile, log);
  const engine = new Engine({
    launcher,
    settings,
    modelRoots: [join(stateDir(), 'models'), join(shareDir(), 'models')],
    hardware: hardwareReport,
    knowledge,
    programs,
    llama: new LlamaProgram(programs.llama),
    recordFolder: join(runtimeDir(), 'engine'),
    read: readSystemFile,
    log,
    onReady: (ready) => {
      if (settings.measure) measurer.consider(ready);
    },
  });
  await engine.adopt();

  setInterval(() => {
    engine.sweep().catch((error: unknown) => log.error('workers not seen', { cause: describeError(error) }));
  }, 5_000);
  await serve(createApi(engine, log), {
    socket: { path: socketPath('engine'), mode: 0o660 },
    idleSeconds,
    isBusy: () => !engine.isIdle,
    close: async () => {
      measurer.close();
      await engine.close();
    },
  });
}

/** What nanite-gpu-detect wrote; null where it did not run, or is of another version. */
function hardwareReport(): HardwareReport | null {
  try {
    return HardwareReport.parse(JSON.parse(readFileSync(join(runtimeDir(), 'hardware.json'), 'utf8')));
  } catch {
    return null;
  }
}

await runProgram('nanite-engine', usage, main);
