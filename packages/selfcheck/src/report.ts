import { z } from 'zod';

/** `warn`: it works, and a person should know; `skip`: could not be looked at here, and the detail says why. */
export const CheckStatus = z.enum(['pass', 'fail', 'skip', 'warn']);

export const CheckId = z.enum([
  'units',
  'gateway',
  'models',
  'team',
  'hardware',
  'session',
  'ask',
  'knowledge',
  'memory',
  'disk',
  'boot',
  'listeners',
  'outbound',
]);

export const CheckResult = z.object({
  id: CheckId,
  title: z.string(),
  status: CheckStatus,
  /** What was seen, for people; may have several lines. */
  detail: z.string(),
  /** What to do; null where there is nothing to do. */
  hint: z.string().nullable(),
  /** How long it took. */
  seconds: z.number().nonnegative(),
  /** Figures for programs; sizes in bytes, times in seconds. */
  data: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});

/** What `nanite-selfcheck --json` prints, on one line. */
export const SelfCheckReport = z.object({
  schema: z.literal(1),
  version: z.string(),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  system: z.object({
    /** PRETTY_NAME of os-release. */
    name: z.string(),
    kernel: z.string(),
    /** Started from a live medium. */
    live: z.boolean(),
    /** `none`, or the hypervisor or container manager as systemd-detect-virt names it. */
    virtualisation: z.string(),
  }),
  /** Whose session and files were looked at; null: nobody's. */
  person: z.string().nullable(),
  /** Whether it ran with the rights of root. */
  root: z.boolean(),
  /** Nothing failed. */
  passed: z.boolean(),
  checks: z.array(CheckResult),
});

export type CheckStatus = z.infer<typeof CheckStatus>;
export type CheckId = z.infer<typeof CheckId>;
export type CheckResult = z.infer<typeof CheckResult>;
export type SelfCheckReport = z.infer<typeof SelfCheckReport>;
