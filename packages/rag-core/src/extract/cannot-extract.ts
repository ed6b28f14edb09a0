import { NaniteError } from '@nanite/kit';

/** Why a file's text cannot be had. */
export const extractReasons = [
  'encrypted',
  'too-large',
  'too-slow',
  'too-much-memory',
  'bomb',
  'damaged',
  'crashed',
  'unknown-format',
  'no-tool',
  'gone',
  'unreadable',
] as const;

export type ExtractReason = (typeof extractReasons)[number];

/** A file that is set aside: `cannot-extract`, with a message that a person understands. */
export class CannotExtract extends NaniteError {
  constructor(
    readonly reason: ExtractReason,
    message: string,
    options: { hint?: string; cause?: unknown } = {},
  ) {
    super('cannot-extract', message, { status: 422, ...options });
  }
}

export const damaged = (what: string, cause?: unknown): CannotExtract =>
  new CannotExtract('damaged', `${what} is damaged and cannot be read`, { cause });
