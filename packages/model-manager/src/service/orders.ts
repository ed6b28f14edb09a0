import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '@nanite/contracts';
import { describeError, NaniteError } from '@nanite/kit';
import type { Outcome, Work } from './jobs';
import { isLasting, orderOf, subjectOf, type Order } from './order';
import type { Service } from './parts';
import type { UnfinishedJob } from './unfinished';
import { workOf } from './works';

/** Work that got nowhere in so many starts of the service may be what ends it. */
const mostAttempts = 5;

/** Milliseconds between attempts to reach a source that cannot be reached when nobody is there to ask again. */
const firstWaitMs = 15_000;
const longestWaitMs = 15 * 60_000;

const keyOf = ({ kind, request }: Order): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, request]))
    .digest('hex');

/**
 * Begin what was asked for, or join the job that does the same. It is written down before it begins, unless it cannot be
 * done again (isLasting).
 *
 * @param onDone called when it has ended well
 */
export function beginOrder(
  service: Service,
  order: Order,
  uid: number,
  onDone: (outcome: Outcome) => void,
): Job {
  return begin(service, order, {
    askedBy: [uid],
    attempts: 0,
    once: workOf(service, order, uid),
    onDone,
  });
}

/** Let everything go on that had not ended when the service did; paused ones stay so. */
export function resumeOrders(service: Service): void {
  const { unfinished, log } = service;
  for (const { job, paused } of unfinished.list()) {
    const { id, kind, askedBy, startedAt } = job;
    const order = orderOf(kind, job.request);
    const about = { subject: subjectOf(order), job: id };
    const attempts = paused ? job.attempts : job.attempts + 1;
    if (attempts > mostAttempts) {
      log.error(`a ${kind} that never got further is given up`, about);
      unfinished.forget(id);
      continue;
    }
    const uid = askedBy[0] ?? 0;
    log.notice(paused ? `a paused ${kind} is remembered` : `a ${kind} goes on`, { uid, ...about });
    const once = workOf(service, order, uid);
    begin(service, order, {
      ...{ id, startedAt, askedBy, attempts, paused },
      once: async (asked) => {
        try {
          return await (kind === 'pull' ? patiently(once) : once)(asked);
        } catch (error) {
          // Nobody may be listening any more.
          if (!asked.signal.aborted)
            log.warning(`a ${kind} that went on has failed`, { ...about, cause: describeError(error) });
          throw error;
        }
      },
      onDone: ({ model }) => log.notice(`${kind} done`, { uid, subject: about.subject, model }),
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

function begin(service: Service, order: Order, beginning: Beginning): Job {
  const { unfinished, jobs } = service;
  let { attempts } = beginning;
  const entry = (job: Job): UnfinishedJob => ({
    ...{ schema: 1, kind: order.kind, request: order.request, attempts },
    ...{ id: job.id, askedBy: job.askedBy, startedAt: job.startedAt },
  });
  const lasting = isLasting(order)
    ? {
        keep: (kept: Job) => unfinished.keep(entry(kept), kept.state === 'paused'),
        forget: (kept: Job) => unfinished.forget(kept.id),
      }
    : null;
  // Its work knows it only once it has begun.
  const begun: { job?: Job } = {};
  begun.job = jobs.begin(order.kind, subjectOf(order), keyOf(order), beginning.askedBy[0] ?? 0, {
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
