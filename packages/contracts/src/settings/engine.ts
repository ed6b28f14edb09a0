import { z } from 'zod';
import { Bytes } from '../hardware';

/** Section `engine` of the settings: how models run. */
export const EngineSettings = z.strictObject({
  backend: z
    .enum(['auto', 'cpu', 'cuda', 'rocm', 'vulkan'])
    .default('auto')
    .describe(
      'Where models compute; `auto`: the best that works. A backend on software rendering is never chosen by `auto`.',
    ),
  context: z
    .number()
    .int()
    .min(128)
    .default(4096)
    .describe(
      'Tokens of context per request, where the client names none; never more than the model was trained for.',
    ),
  slots: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Requests that one model answers at once, at most.'),
  threads: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("Upper bound of threads per model; null: the CPUs that this machine's limits leave."),
  cache: z
    .enum(['f16', 'q8_0'])
    .default('f16')
    .describe(
      'Precision of the attention cache: `q8_0` takes half the memory of `f16`, and costs a little quality.',
    ),
  memoryBytes: Bytes.nullable()
    .default(null)
    .describe('Memory that all models together may take; null: what the hardware report says.'),
  whenBusy: z
    .enum(['yield', 'insist'])
    .default('yield')
    .describe(
      'While other programs need the CPU: use fewer threads (`yield`), or keep all of them (`insist`).',
    ),
  measure: z
    .boolean()
    .default(true)
    .describe('Measure once, while the machine is idle, how many threads are best for each model.'),
  verify: z
    .enum(['size', 'sha256'])
    .default('size')
    .describe('What is compared with the manifest before a start: sizes and file type, or the whole sha256.'),
  startTimeout: z
    .number()
    .int()
    .min(1)
    .default(120)
    .describe('Seconds that a worker may take until it answers.'),
});

export type EngineSettings = z.infer<typeof EngineSettings>;
