import {
  CopyRequest,
  CreateRequest,
  ExportRequest,
  FitRequest,
  ImportRequest,
  JobAction,
  ModelfileRequest,
  PinRequest,
  PullRequest,
  UpdateRequest,
  VerifyRequest,
  type StoredModelList,
} from '@nanite/contracts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NaniteError, readBody } from '@nanite/kit';
import { copyModel, listUpdates } from '../pull';
import type { Person } from './authority';
import { modelDetails, withoutTexts } from './details';
import { sendEvents } from './event-stream';
import type { Service } from './parts';
import { beginOrder } from './orders';
import { heardOut, takeUpload } from './upload';
import { subjectOf, type Order } from './order';

export interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  /** The variable part of the path, decoded. */
  subject: string;
  person: Person;
}

/** A Modelfile with its licence is the largest body. */
const mostBytes = 8 * 1024 * 1024;

/** What an answer is made of; undefined: the handler has answered, or 204. */
export type Handler = (service: Service, call: Call) => Promise<unknown>;

/** Every change of the store is a line in the journal: who, what, to which. */
function record({ log }: Service, { person }: Call, what: string, about: Record<string, unknown>): void {
  log.notice(what, {
    uid: person.uid,
    ...(person.pid !== null && { pid: person.pid }),
    ...(person.through !== null && { through: person.through }),
    ...about,
  });
}

/** Begin what was asked for, and send its events. */
function begin(service: Service, call: Call, order: Order): void {
  const subject = subjectOf(order);
  const { id } = beginOrder(service, order, call.person.uid, ({ model }) =>
    record(service, call, `${order.kind} done`, { subject, ...(model !== undefined && { model }) }),
  );
  record(service, call, order.kind, { subject, job: id });
  sendEvents(service.jobs, id, call.request, call.response);
}

/** Without texts: a licence alone is longer than all the rest, and a list is of many models. */
export const listModels: Handler = async ({ store, extensions, kept }, { response }) => {
  const bytes = kept.make(() => {
    const models = extensions
      .withFit(store.list())
      .map((model) => ({ ...model, record: withoutTexts(model.record) }));
    const complete = models.every(({ fit, missing }) => fit !== null || missing.length > 0);
    return { text: JSON.stringify({ models } satisfies StoredModelList), complete };
  });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
};

export const showModel: Handler = async ({ store, extensions }, { subject }) =>
  modelDetails(store.find(subject), extensions);

export const removeModel: Handler = async (service, call) => {
  const model = service.store.find(call.subject);
  const freedBytes = service.store.remove(model);
  record(service, call, 'removed', { model: model.manifest.name, freedBytes });
  return { model: model.manifest.id, freedBytes };
};

export const pull: Handler = async (service, call) => {
  const request = await readBody(call.request, PullRequest, mostBytes);
  // A wrong reference is an answer with its own status, not a stream that fails.
  service.puller.tools.parseReference(request.reference);
  begin(service, call, { kind: 'pull', request });
};

export const create: Handler = async (service, call) =>
  begin(service, call, { kind: 'create', request: await readBody(call.request, CreateRequest, mostBytes) });

export const copy: Handler = async (service, call) => {
  const { source, destination } = await readBody(call.request, CopyRequest, mostBytes);
  const asked = { uid: call.person.uid, signal: new AbortController().signal, report: () => undefined };
  const made = await copyModel(service.puller, source, destination, asked);
  record(service, call, 'copied', { from: source, model: made.manifest.name });
  return made;
};

export const parseModelfile: Handler = async ({ extensions }, { request }) =>
  extensions.parseModelfile((await readBody(request, ModelfileRequest, mostBytes)).text);

const digestOf = (subject: string): string => {
  const sha256 = /^sha256[:-]([0-9a-f]{64})$/.exec(subject)?.[1];
  if (sha256 !== undefined) return sha256;
  throw new NaniteError('bad-digest', `${subject} is not a sha256:… digest`, { status: 400 });
};

export const hasBlob: Handler = async ({ store }, { subject, response }) => {
  response.writeHead(store.blobs.has(digestOf(subject)) ? 200 : 404).end();
};

export const uploadBlob: Handler = async (service, call) => {
  const sha256 = digestOf(call.subject);
  try {
    await takeUpload(service.store, sha256, call.request);
  } finally {
    await heardOut(call.request);
  }
  record(service, call, 'uploaded', { digest: `sha256:${sha256}` });
  call.response.writeHead(201, { 'content-length': 0 }).end();
};

export const listJobs: Handler = async ({ jobs }) => ({ jobs: jobs.list() });

export const followJob: Handler = async ({ jobs }, { subject, request, response }) => {
  if (!jobs.list().some(({ id }) => id === subject)) {
    throw new NaniteError('no-such-job', `there is no job ${subject}`, { status: 404 });
  }
  sendEvents(jobs, subject, request, response);
};

export const controlJob: Handler = async (service, call) => {
  const { action } = await readBody(call.request, JobAction, mostBytes);
  const controlled = await service.jobs.control(call.subject, action);
  record(service, call, action, { job: call.subject, subject: controlled.subject });
  return controlled;
};

export const verify: Handler = async (service, call) => {
  const request = await readBody(call.request, VerifyRequest, mostBytes);
  for (const name of request.models ?? []) service.store.find(name);
  begin(service, call, { kind: 'verify', request });
};

export const collectGarbage: Handler = async (service, call) => {
  const report = service.store.collectGarbage(service.puller.fetches.inUse);
  record(service, call, 'collected garbage', { ...report });
  return report;
};

export const diskUsage: Handler = async ({ store }) => store.usage();

export const pin: Handler = async (service, call) => {
  const { model, pinned } = await readBody(call.request, PinRequest, mostBytes);
  const changed = service.store.setRecord(service.store.find(model), { pinned });
  record(service, call, pinned ? 'pinned' : 'unpinned', { model: changed.manifest.name });
  return changed;
};

export const fit: Handler = async ({ puller, extensions, authority }, { request, response, person }) => {
  const asked = await readBody(request, FitRequest, mostBytes);
  // Whoever may not change the store does not send this service to private addresses either.
  if (asked.insecure) await authority.allowChange(person);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return extensions.fit(puller, asked, gone.signal);
};

export const updates: Handler = async ({ puller }, { response }) => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return { updates: await listUpdates(puller, gone.signal) };
};

export const update: Handler = async (service, call) => {
  const request = await readBody(call.request, UpdateRequest, mostBytes);
  const model = service.store.find(request.model).manifest.name;
  begin(service, call, { kind: 'update', request: { ...request, model } });
};

export const importModels: Handler = async (service, call) =>
  begin(service, call, { kind: 'import', request: await readBody(call.request, ImportRequest, mostBytes) });

export const exportModels: Handler = async (service, call) =>
  begin(service, call, { kind: 'export', request: await readBody(call.request, ExportRequest, mostBytes) });
