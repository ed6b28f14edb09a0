import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, PullRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { Service } from './parts';
import type { Outcome, Work } from './jobs';
import { waitWhileMetered } from './metered';
import type { UnfinishedPull } from './unfinished';

/** A pull that brought nothing in so many starts of the service may be what ends it. */
const mostAttempts = 5;

/** Milliseconds between attempts to reach a source that cannot be reached when nobody is there to ask again. */
const firstWaitMs = 15_000;
const longestWaitMs = 15 * 60_000;

export const keyOf = (kind: Job['kind'], request: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, request]))
    .digest('hex');

/**
 * Begin a pull, or join the one that runs. It is written down before it begins, unless it needs a token, which is kept
 * nowhere: that one has to be asked for again.
 *
 * @param onDone called when it has ended well
 */
export function beginPull(
  service: Service,
  request: PullRequest,
  uid: number,
  onDone: (outcome: Outcome) => void,
): Job {
  return begin(service, request, {
    askedBy: [uid],
    attempts: 0,
    once: pullOnce(service, request, uid),
    onDone,
  });
}

/** Let every pull go on that had not ended when the service did; paused ones stay so. */
export function resumePulls(service: Service): void {
  const { unfinished, log } = service;
  for (const { pull, paused } of unfinished.list()) {
    const { id, request, askedBy, startedAt } = pull;
    const attempts = paused ? pull.attempts : pull.attempts + 1;
    if (attempts > mostAttempts) {
      log.error('a pull that never got further is given up', { job: id, subject: request.reference });
      unfinished.forget(id);
      continue;
    }
    const uid = askedBy[0] ?? 0;
    log.notice(paused ? 'a paused pull is remembered' : 'a pull goes on', {
      ...{ uid, subject: request.reference, job: id },
    });
    begin(service, request, {
      ...{ id, startedAt, askedBy, attempts, paused },
      once: patiently(pullOnce(service, request, uid)),
      onDone: ({ model }) => log.notice('pull done', { uid, subject: request.reference, model }),
    });
  }
}

interface Beginning {
  id?: string;
  startedAt?: string;
  askedBy: number[];
  attempts: number;
  paused?: boolean;
  once: Work;
  onDone: (outcome: Outcome) => void;
}

function begin(service: Service, request: PullRequest, beginning: Beginning): Job {
  const { unfinished, jobs } = service;
  let { attempts } = beginning;
  const entry = (job: Job): UnfinishedPull => ({
    ...{ schema: 1, request, attempts },
    ...{ id: job.id, askedBy: job.askedBy, startedAt: job.startedAt },
  });
  const lasting =
    request.token !== null
      ? null
      : {
          keep: (kept: Job) => unfinished.keep(entry(kept), kept.state === 'paused'),
          forget: (kept: Job) => unfinished.forget(kept.id),
        };
  // Its work knows it only once it has begun.
  const begun: { job?: Job } = {};
  begun.job = jobs.begin('pull', request.reference, keyOf('pull', request), beginning.askedBy[0] ?? 0, {
    id: beginning.id,
    startedAt: beginning.startedAt,
    paused: beginning.paused ?? false,
    work: async ({ signal, report }) => {
      const outcome = await beginning.once({
        signal,
        report: (event) => {
          if (event.completed !== undefined && attempts > 0) {
            attempts = 0;
            if (begun.job !== undefined) lasting?.keep(begun.job);
          }
          report(event);
        },
      });
      beginning.onDone(outcome);
      return outcome;
    },
    lasting,
  });
  return begun.job;
}

const pullOnce =
  ({ puller, waitOnMetered, isMetered }: Service, request: PullRequest, uid: number): Work =>
  async ({ signal, report }) => {
    const local = request.reference.startsWith('/') || request.reference.startsWith('file:');
    if (waitOnMetered && !request.metered && !local) {
      await waitWhileMetered(() => report({ status: 'waiting' }), signal, isMetered);
    }
    const { manifest } = await puller.pull(request, { uid, signal, report });
    return { model: manifest.id };
  };

/** Where nobody waits for the answer, a source that cannot be reached is asked again: after a boot the network comes late. */
const patiently =
  (work: Work): Work =>
  async (asked) => {
    for (let wait = firstWaitMs; ; wait = Math.min(2 * wait, longestWaitMs)) {
      try {
        return await work(asked);
      } catch (error) {
        if (!(error instanceof NaniteError) || error.code !== 'source-unreachable') throw error;
        asked.report({ status: 'waiting' });
        await sleep(wait, undefined, { signal: asked.signal });
      }
    }
  };
