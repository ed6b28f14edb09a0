import { join } from 'node:path';
import { Settings } from '@nanite/contracts';
import { createLog, loadSettings, runProgram, serve, shareDir, socketPath, stateDir } from '@nanite/kit';
import { Puller } from './pull';
import { createApi } from './service/api';
import { SystemAuthority } from './service/authority';
import { Jobs } from './service/jobs';
import { isMetered } from './service/metered';
import { resumePulls } from './service/pulls';
import { UnfinishedPulls } from './service/unfinished';
import { extensions, pullTools } from './service/wiring';
import { Store } from './store';

const usage = `usage: nanite-models [--help]

Keeps the models of this machine and gets new ones, on ${socketPath('models')}.
See nanite-models(8).
`;

async function main(): Promise<void> {
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
  const puller = new Puller(store, pullTools, settings);
  const service = {
    ...{ store, puller, jobs, log },
    authority: new SystemAuthority(),
    extensions: extensions(log),
    waitOnMetered: settings.waitOnMetered,
    isMetered,
    unfinished: new UnfinishedPulls(store.layout.jobs, log),
  };

  await serve(createApi(service), {
    socket: { path: socketPath('models'), mode: 0o666 },
    idleSeconds: settings.idleSeconds,
    isBusy: () => jobs.active > 0,
    close: async () => {
      await jobs.close();
      store.close();
    },
  });
  resumePulls(service);
}

await runProgram('nanite-models', usage, main);
