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
