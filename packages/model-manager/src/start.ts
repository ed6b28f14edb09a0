import type { RequestListener } from 'node:http';
import { Settings } from '@nanite/contracts';
import { createLog, loadSettings } from '@nanite/kit';
import { modelRoots } from './list/basis';
import type { KeptList } from './list/kept-list';
import { Puller } from './pull';
import { answerWith } from './service/api';
import { SystemAuthority } from './service/authority';
import { Jobs } from './service/jobs';
import { isMetered } from './service/metered';
import { resumeOrders } from './service/orders';
import { UnfinishedJobs } from './service/unfinished';
import { extensions, pullTools } from './service/wiring';
import { Store } from './store';

/** The service, once it is loaded. */
export interface Running {
  answer: RequestListener;
  /** From the settings. */
  idleSeconds: number;
  isBusy: () => boolean;
  close: () => Promise<void>;
}

/** Open the store, and let go on what the last run left unfinished. */
export function start(kept: KeptList): Running {
  const log = createLog();
  const settings = loadSettings(Settings, { user: false }).values.models;
  const roots = modelRoots();
  const store = Store.open({
    root: roots.store,
    packages: roots.packages,
    quotaBytes: settings.quotaBytes,
    reserveBytes: settings.reserveBytes,
    log,
  });
  const jobs = new Jobs(log);
  const service = {
    ...{ store, jobs, log, kept },
    puller: new Puller(store, pullTools, settings),
    authority: new SystemAuthority(),
    extensions: extensions(log, () => kept.forget()),
    waitOnMetered: settings.waitOnMetered,
    isMetered,
    unfinished: new UnfinishedJobs(store.layout.jobs, log),
  };
  resumeOrders(service);
  // What was not known when the list was kept is asked for again.
  if (kept.isIncomplete) service.extensions.withFit(store.list());
  return {
    answer: answerWith(service),
    idleSeconds: settings.idleSeconds,
    isBusy: () => jobs.active > 0,
    close: async () => {
      await jobs.close();
      kept.save();
      store.close();
    },
  };
}
