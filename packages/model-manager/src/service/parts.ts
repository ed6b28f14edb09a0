import type { Log } from '@nanite/kit';
import type { KeptList } from '../list/kept-list';
import type { Puller } from '../pull';
import type { Store } from '../store';
import type { Authority } from './authority';
import type { Extensions } from './extensions';
import type { Jobs } from './jobs';
import type { UnfinishedJobs } from './unfinished';

/** The parts of the service, as those who answer requests need them. */
export interface Service {
  store: Store;
  kept: KeptList;
  puller: Puller;
  jobs: Jobs;
  authority: Authority;
  extensions: Extensions;
  waitOnMetered: boolean;
  /** Whether the connection is metered now. */
  isMetered: () => Promise<boolean>;
  unfinished: UnfinishedJobs;
  log: Log;
}
