import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HardwareReport, Settings } from '@nanite/contracts';
import {
  createLog,
  describeError,
  inheritedSockets,
  libDir,
  listenOnFd,
  listenOnPath,
  loadSettings,
  runtimeDir,
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

/** Milliseconds without workers and requests after which a socket-activated engine ends. */
const idleAfter = 60_000;

const usage = `usage: nanite-engine [--help]

Starts and stops the workers of models for nanite-gateway, on ${socketPath('engine')}.
See nanite-engine(8).
`;

async function main(): Promise<void> {
  if (process.argv.length > 2) {
    const help = ['--help', '-h'].includes(process.argv[2] ?? '');
    (help ? process.stdout : process.stderr).write(usage);
    process.exitCode = help ? 0 : 2;
    return;
  }
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

  let lastUsed = Date.now();
  let open = 0;
  const server = createApi(engine, log, (now) => {
    open = now;
    lastUsed = Date.now();
  });
  const [inherited] = inheritedSockets();
  if (inherited) await listenOnFd(server, inherited.fd);
  else await listenOnPath(server, socketPath('engine'), 0o660);

  const end = async () => {
    measurer.close();
    server.close();
    await engine.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void end());
  process.once('SIGINT', () => void end());

  setInterval(() => {
    engine.sweep().catch((error: unknown) => log.error('workers not seen', { cause: describeError(error) }));
    const idle = open === 0 && engine.isIdle && Date.now() - lastUsed > idleAfter;
    // systemd keeps the socket and starts us again with the next request.
    if (idle && inherited) void end();
  }, 5_000);
}

/** What nanite-gpu-detect wrote; null where it did not run, or is of another version. */
function hardwareReport(): HardwareReport | null {
  try {
    return HardwareReport.parse(JSON.parse(readFileSync(join(runtimeDir(), 'hardware.json'), 'utf8')));
  } catch {
    return null;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`nanite-engine: ${describeError(error)}\n`);
  process.exitCode = 1;
});
