import {
  CreateRequest,
  ExportRequest,
  ImportRequest,
  PullRequest,
  UpdateRequest,
  VerifyRequest,
  type Job,
} from '@nanite/contracts';
import type { z } from 'zod';
import { createModel, updateModel } from '../pull';
import type { Work } from './jobs';
import { waitWhileMetered } from './metered';
import type { Service } from './parts';
import { verifyStore } from './verify';

export const requestOf = {
  pull: PullRequest,
  create: CreateRequest,
  verify: VerifyRequest,
  update: UpdateRequest,
  import: ImportRequest,
  export: ExportRequest,
} satisfies Record<Job['kind'], z.ZodType>;

/** What somebody asked for that takes time. */
export type Order = {
  [Kind in Job['kind']]: { kind: Kind; request: z.output<(typeof requestOf)[Kind]> };
}[Job['kind']];

/** A kind of work, and a request as it was written down or sent. @throws ZodError */
export const orderOf = (kind: Job['kind'], request: unknown): Order =>
  ({ kind, request: requestOf[kind].parse(request) }) as Order;

/** What an order is about, as jobs are listed. */
export function subjectOf({ kind, request }: Order): string {
  switch (kind) {
    case 'pull':
      return request.reference;
    case 'create':
      return request.model;
    case 'verify':
      return request.models?.join(' ') ?? 'everything';
    case 'update':
      return `${request.action} ${request.model}`;
    case 'import':
      return request.path;
    case 'export':
      return request.models.join(' ');
  }
}

/**
 * Whether an order may be carried out again from its beginning when it was cut off: what it did already is then found done.
 * Not what would exchange two versions once more, and not what needs a token, for tokens are written down nowhere.
 */
export const isLasting = ({ kind, request }: Order): boolean =>
  kind === 'update' ? request.action === 'stage' : kind !== 'pull' || request.token === null;

/** How an order is carried out. */
export function workOf(service: Service, { kind, request }: Order, uid: number): Work {
  const { puller, extensions } = service;
  switch (kind) {
    case 'pull':
      return async ({ signal, report }) => {
        const local = request.reference.startsWith('/') || request.reference.startsWith('file:');
        if (service.waitOnMetered && !request.metered && !local) {
          await waitWhileMetered(() => report({ status: 'waiting' }), signal, service.isMetered);
        }
        const { manifest } = await puller.pull(request, { uid, signal, report });
        return { model: manifest.id };
      };
    case 'create':
      return async (asked) => ({
        model: (await createModel(puller, request, { ...asked, uid })).manifest.id,
      });
    case 'verify':
      return async (asked) => ({ result: await verifyStore(puller, request, { ...asked, uid }) });
    case 'update':
      return (asked) => updateModel(puller, request, { ...asked, uid });
    case 'import':
      return (asked) => extensions.import(puller, request, { ...asked, uid });
    case 'export':
      return (asked) => extensions.export(puller, request, { ...asked, uid });
  }
}
