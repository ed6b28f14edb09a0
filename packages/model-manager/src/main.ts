import { join } from 'node:path';
import { Settings } from '@nanite/contracts';
import {
  createLog,
  describeError,
  inheritedSockets,
  listenOnFd,
  listenOnPath,
  loadSettings,
  NaniteError,
  shareDir,
  socketPath,
  stateDir,
} from '@nanite/kit';
import { fetchFile } from './download/fetch';
import { inspect } from './gate/gate';
import { Puller } from './pull';
import { parseReference } from './references/reference';
import { createApi } from './service/api';
import { SystemAuthority } from './service/authority';
import { Jobs } from './service/jobs';
import { extensions } from './service/wiring';
import { resolve } from './sources/resolve';
import { Store } from './store';

const usage = `usage: nanite-models [--help]

Keeps the models of this machine and gets new ones, on ${socketPath('models')}.
See nanite-models(8).
`;

async function main(): Promise<void> {
  if (process.argv.length > 2) {
    const help = ['--help', '-h'].includes(process.argv[2] ?? '');
    (help ? process.stdout : process.stderr).write(usage);
    process.exitCode = help ? 0 : 2;
    return;
  }
  const log = createLog();
  const settings = loadSettings(Settings, { user: false }).values.models;
  const store = Store.open({
    root: join(stateDir(), 'models'),
    packages: join(shareDir(), 'models'),
    quotaBytes: settings.quotaBytes,
    reserveBytes: settings.reserveBytes,
    log,
  });
  const jobs = new Jobs(log);
  const puller = new Puller(store, { parseReference, resolve, fetchFile, inspect }, settings);
  const { waitOnMetered } = settings;
  const service = { store, puller, jobs, authority: new SystemAuthority(), extensions, waitOnMetered, log };

  let open = 0;
  let lastUsed = Date.now();
  const server = createApi(service, (now) => {
    open = now;
    lastUsed = Date.now();
  });
  const [inherited] = inheritedSockets();
  if (inherited) await listenOnFd(server, inherited.fd);
  else await listenOnPath(server, socketPath('models'), 0o666);

  const end = async (): Promise<void> => {
    server.close();
    await jobs.close();
    store.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void end());
  process.once('SIGINT', () => void end());

  if (!inherited) return;
  setInterval(() => {
    if (jobs.active > 0) lastUsed = Date.now();
    // systemd keeps the socket and starts us again with the next request.
    if (open === 0 && Date.now() - lastUsed > settings.idleSeconds * 1000) void end();
  }, 5_000);
}

main().catch((error: unknown) => {
  const hint = error instanceof NaniteError && error.hint !== null ? ` (${error.hint})` : '';
  process.stderr.write(`nanite-models: ${describeError(error)}${hint}\n`);
  process.exitCode = 1;
});
