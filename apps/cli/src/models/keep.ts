import {
  VerifyReport,
  type DiskUsage,
  type FitAnswer,
  type Job,
  type JobAction,
  type RemoveAnswer,
} from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { exitStatus } from '../exit-status';
import { bytes, counted, relativeTime } from '../terminal/format';
import { paint } from '../terminal/paint';
import { sanitise } from '../terminal/sanitise';
import { table } from '../terminal/table';
import { wrapped } from '../terminal/wrapped';
import { follow, progressLine } from './follow';
import { withModel } from './missing-model';
import { print } from '../terminal/print';
import { store, told } from './store';

interface Json {
  json?: boolean;
}

/** `nanite models rm` */
export const removeModels = (names: string[], { json = false }: Json): Promise<number> =>
  told(json, async () => {
    const removed: Array<RemoveAnswer & { name: string }> = [];
    for (const name of names) {
      removed.push({ name, ...(await withModel(name, () => store().remove(name))) });
    }
    return print({ removed }, json, () =>
      removed.map(({ name, freedBytes }) => `${name} removed, ${bytes(freedBytes)} freed\n`).join(''),
    );
  });

/** `nanite models cp` */
export const copyModel = (source: string, destination: string, { json = false }: Json): Promise<number> =>
  told(json, async () => {
    const model = await withModel(source, () => store().copy({ source, destination }));
    return print(model, json, () => `${model.manifest.name}\n`);
  });

/** `nanite models pin`, `unpin` */
export const pinModel = (name: string, pinned: boolean, { json = false }: Json): Promise<number> =>
  told(json, async () => {
    const model = await withModel(name, () => store().pin({ model: name, pinned }));
    return print(model, json, () => `${model.manifest.name} is ${pinned ? 'pinned' : 'no longer pinned'}\n`);
  });

export function fitTable({ name, fits }: FitAnswer): string {
  const { bold, dim, green, yellow } = paint(process.stdout);
  if (fits.length === 0) return `How much memory ${name} needs is not known.\n`;
  const rows = fits.map((fit) => [
    fit.quantisation,
    fit.runs ? green('yes') : yellow('no'),
    fit.context === null ? '-' : String(fit.context),
    bytes(fit.memoryBytes),
    fit.vramBytes === 0 ? '-' : bytes(fit.vramBytes),
    fit.backend,
    fit.tokensPerSecond === null ? '-' : `~${Number(fit.tokensPerSecond.toPrecision(2))} tokens/s`,
    fit.why ?? '',
  ]);
  const head = ['QUANTISATION', 'RUNS', 'CONTEXT', 'MEMORY', 'VRAM', 'ON', 'SPEED', ''];
  const isForPeople = process.stdout.isTTY === true && fits.some(({ runs }) => runs);
  return `${bold(name)}\n${table(rows, { head })}${isForPeople ? dim(`\nnanite models pull ${name}\n`) : ''}`;
}

/** `nanite models fit`. Exit status 3 where it does not run here at all, for scripts. */
export const fitModel = (
  reference: string,
  options: { insecure?: boolean; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const answer = await store().fit({ reference, insecure: options.insecure ?? false });
    print(answer, options.json ?? false, () => fitTable(answer));
    return answer.fits.some(({ runs }) => runs) ? exitStatus.ok : exitStatus.noModel;
  });

export function usageText(usage: DiskUsage): string {
  const { dim } = paint(process.stdout);
  const models = [...usage.models].sort((a, b) => b.ownBytes - a.ownBytes);
  const quota = usage.quotaBytes === null ? '' : ` of the ${bytes(usage.quotaBytes)} allowed`;
  const lines = [
    `${bytes(usage.totalBytes)} in the model store${quota}, ${bytes(usage.freeBytes)} free on the disk`,
    ...(usage.partialBytes > 0 ? [`${bytes(usage.partialBytes)} of it in unfinished downloads`] : []),
    ...(usage.unreferencedBytes > 0
      ? [`${bytes(usage.unreferencedBytes)} of it belongs to no model: nanite models gc removes it`]
      : []),
  ];
  const rows = models.map(({ name, sizeBytes, ownBytes }) => [name, bytes(sizeBytes), bytes(ownBytes)]);
  const listing = rows.length === 0 ? '' : table(rows, { head: ['NAME', 'SIZE', 'RM FREES'] });
  return `${listing}${lines.map((line) => `${dim(wrapped(line, process.stdout))}\n`).join('')}`;
}

/** `nanite models du` */
export const diskUsage = ({ json = false }: Json): Promise<number> =>
  told(json, async () => {
    const usage = await store().diskUsage();
    return print(usage, json, () => usageText(usage));
  });

/** `nanite models gc` */
export const collectGarbage = ({ json = false }: Json): Promise<number> =>
  told(json, async () => {
    const garbage = await store().collectGarbage();
    const removed = garbage.blobs > 0 || garbage.freedBytes > 0;
    const kept = removed ? 0 : (await store().diskUsage()).unreferencedBytes;
    return print(garbage, json, () =>
      removed
        ? `${counted(garbage.blobs, 'file')} removed, ${bytes(garbage.freedBytes)} freed\n`
        : kept > 0
          ? `Nothing to remove yet: ${bytes(kept)} came within the last hour and may still become a model.\n`
          : 'Nothing to remove: every file belongs to a model.\n',
    );
  });

const faults = {
  missing: 'is missing',
  'wrong-size': 'has the wrong size',
  'wrong-hash': 'is damaged',
} as const;

/** `nanite models verify`. Exit status 1 where something is bad and was not repaired. */
export const verifyModels = (
  names: string[],
  options: { repair: boolean; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const json = options.json ?? false;
    const request = { models: names.length > 0 ? names : null, repair: options.repair };
    const last = await follow(client, (signal) => client.verify(request, signal), { json });
    const found = VerifyReport.parse(last?.result);
    if (!json) {
      const { red, green } = paint(process.stdout);
      const stored = found.bad.length === 0 ? [] : (await client.list()).models;
      const nameOf = (id: string) => stored.find(({ manifest }) => manifest.id === id)?.manifest.name ?? id;
      for (const { sha256, models, what, repaired, why } of found.bad) {
        const file = `${sha256.slice(0, 12)} ${faults[what]}`;
        const of = models.length === 0 ? 'of no model' : `of ${models.map(nameOf).join(', ')}`;
        const state = repaired
          ? green('repaired')
          : red(`not repaired: ${sanitise(why ?? 'the reason is not known')}`);
        process.stdout.write(`${wrapped(`${file}, ${of}`, process.stdout, '  ', '')}\n`);
        process.stdout.write(`${wrapped(state, process.stdout, '  ')}\n`);
      }
      const left = found.bad.filter(({ repaired }) => !repaired).length;
      const result =
        found.bad.length === 0
          ? 'nothing is damaged'
          : left === 0
            ? `${found.bad.length} damaged, and repaired`
            : `${left} damaged; the models they belong to do not run`;
      process.stdout.write(`${counted(found.checked, 'file')} checked: ${result}\n`);
    }
    return found.bad.every(({ repaired }) => repaired) ? exitStatus.ok : exitStatus.error;
  });

const verbs = { pause: 'paused', resume: 'resumed', cancel: 'cancelled', follow: 'followed' } as const;

const isOver = ({ state }: Job): boolean => ['done', 'failed', 'cancelled'].includes(state);

/** Jobs as a table, the newest last; those that are over only where `all` are wanted. */
export function jobsText(jobs: readonly Job[], all: boolean, now: number): string {
  const shown = jobs.filter((job) => all || !isOver(job));
  if (shown.length === 0) {
    const over = jobs.length - shown.length;
    return `Nothing is in progress.${over > 0 ? ` --all shows ${counted(over, 'job')} that ended in the last 10 minutes.` : ''}\n`;
  }
  return table(
    shown.map(({ id, kind, subject, state, startedAt, last }) => [
      id,
      `${kind} ${subject}`,
      state,
      relativeTime(startedAt, now),
      state === 'cancelled' || state === 'done' || last === null
        ? ''
        : last.error === undefined
          ? progressLine(last)
          : sanitise(last.error),
    ]),
    { head: ['JOB', 'WHAT', 'STATE', 'STARTED', 'PROGRESS'] },
  );
}

/** `nanite models jobs`: what is in progress, or pause, resume, cancel and follow one of it. */
export const jobs = (
  action: JobAction['action'] | 'follow' | undefined,
  id: string | undefined,
  { json = false, all = false }: Json & { all?: boolean },
): Promise<number> =>
  told(json, async () => {
    const client = store();
    if (action !== undefined && id === undefined) {
      throw new NaniteError('usage', `Which job should be ${verbs[action]}?`, {
        hint: 'nanite models jobs lists them',
      });
    }
    if (action === 'follow' && id !== undefined) {
      await follow(client, (signal) => client.follow(id, signal), { json, watches: true });
      return 0;
    }
    if (action !== undefined && action !== 'follow' && id !== undefined) {
      const job = await client.control(id, action);
      return print(job, json, () => `${job.id} ${job.state}\n`);
    }
    const list = await client.jobs();
    return print(list, json, () => jobsText(list.jobs, all, Date.now()));
  });
