import { NaniteError } from '@nanite/kit';

/** Why a file is refused: stable, for tests and for programs that ask. */
export const refusalReasons = [
  'not-a-model',
  'empty',
  'html',
  'git-lfs-pointer',
  'zip',
  'pickle',
  'safetensors',
  'compressed',
  'legacy-format',
  'other-format',
  'truncated',
  'version',
  'limit',
  'string',
  'value-type',
  'duplicate',
  'metadata',
  'alignment',
  'tensor-type',
  'tensor-shape',
  'tensor-bounds',
  'split',
  'protobuf',
  'external-data',
  'operators',
  'too-costly',
  'unsafe-file',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** A file that reaches no engine: code `refused-model`, status 422. */
export class Refusal extends NaniteError {
  constructor(
    readonly reason: RefusalReason,
    message: string,
    hint?: string,
    cause?: unknown,
  ) {
    super('refused-model', message, { status: 422, ...(hint !== undefined && { hint }), cause });
  }
}

export const brokenHint =
  'the file is damaged or was made to do harm: delete it and get it from its publisher';

export function refuse(reason: RefusalReason, message: string, hint: string = brokenHint): never {
  throw new Refusal(reason, message, hint);
}
