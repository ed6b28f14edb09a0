import { z } from 'zod';
import { Bytes } from '../hardware';
import { ModelId } from '../model';

/** `sha256:` and 64 hexadecimal digits, as Ollama and OCI write a digest. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits');

/** Names a job while it runs and for a while after. */
export const JobId = z.string().regex(/^[a-z0-9]{8,32}$/);

/**
 * One step of something that takes time. A line of NDJSON, or the data of a server-sent event where the client accepts
 * text/event-stream. `status`, `digest`, `total` and `completed` are those of Ollama's /api/pull; the rest is ours.
 *
 * The last one has either `status: 'success'` or `error`; a stream that ends with neither was cut off.
 */
export const ProgressEvent = z.object({
  /** `pulling manifest`, `pulling 2b179c9523d0`, `verifying sha256 digest`, `writing manifest`, `paused`, `success`. */
  status: z.string(),
  digest: Digest.optional(),
  /** Bytes of the file; absent while its size is not known. */
  total: Bytes.optional(),
  completed: Bytes.optional(),
  /** Bytes a second over the last seconds. */
  rate: z.number().nonnegative().optional(),
  /** Seconds until the whole job is done, at this rate. */
  eta: z.number().nonnegative().optional(),
  /** The job, for pause, resume and cancel; in every event. */
  job: JobId.optional(),
  /** With `success`: the model that is there now. */
  model: ModelId.optional(),
  /** With `success`: what else came of it, such as what a verification found. */
  result: z.unknown().optional(),
  /** Ollama's clients look for this one text. */
  error: z.string().optional(),
  /** With `error`: the stable code, the HTTP status it would have had, and what to do. */
  code: z.string().optional(),
  httpStatus: z.number().int().optional(),
  hint: z.string().nullable().optional(),
});

/** Work that the service does for somebody. Several requests for the same model are one job. */
export const Job = z.object({
  id: JobId,
  kind: z.enum(['pull', 'create', 'verify', 'update', 'import', 'export']),
  /** What it is about: a reference, a model's name, a folder. */
  subject: z.string(),
  /** `waiting`: for the metered connection to end. */
  state: z.enum(['running', 'paused', 'waiting', 'done', 'failed', 'cancelled']),
  /** User ids of those who asked for it. */
  askedBy: z.array(z.number().int().nonnegative()),
  startedAt: z.iso.datetime(),
  last: ProgressEvent.nullable(),
});

export const JobList = z.object({ jobs: z.array(Job) });

/** A paused job keeps what it has; a cancelled one does too, until the next collection of garbage. */
export const JobAction = z.strictObject({ action: z.enum(['pause', 'resume', 'cancel']) });

export type Digest = z.infer<typeof Digest>;
export type ProgressEvent = z.infer<typeof ProgressEvent>;
export type Job = z.infer<typeof Job>;
export type JobList = z.infer<typeof JobList>;
export type JobAction = z.infer<typeof JobAction>;
