import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSandboxed } from '@nanite/kit';
import { z } from 'zod';
import { GateFacts } from './facts';
import { Refusal, refusalReasons } from './refusal';

export type { GateFacts } from './facts';

const Answer = z.union([
  z.object({ facts: GateFacts }),
  z.object({
    refusal: z.object({
      reason: z.enum(refusalReasons),
      message: z.string().max(4096),
      hint: z.string().max(4096).nullable(),
    }),
  }),
]);

/** Beside the bundle that runs; from the source, what was built of it. */
function gateProgram(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, 'gate.mjs');
  return existsSync(beside) ? beside : join(here, '..', '..', 'dist', 'gate.mjs');
}

const mebibyte = 2 ** 20;

/** What the examination of one file may cost: ten times what the largest header of today takes. */
export const examination = { memory: 512 * mebibyte, cpuSeconds: 20, milliseconds: 60_000 } as const;

/**
 * Look at a model's header in a sandboxed process, and say what it is.
 *
 * The file must not change any more: examine the copy in the store, not what its owner can still write to.
 * @param options.size of the whole file, where `path` is only the start of it: a header that goes on behind what is here is
 *   refused as `truncated`
 * @param options.program the sandboxed program; default: `gate.mjs` of this bundle
 * @throws Refusal (`refused-model`, 422) with the reason; NaniteError `sandbox-missing` (503); the signal's reason
 */
export async function inspect(
  path: string,
  options: { signal?: AbortSignal; size?: number; program?: string } = {},
): Promise<GateFacts> {
  const program = options.program ?? gateProgram();
  // Without O_NONBLOCK a pipe that somebody put there would hold us up for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!(await file.stat()).isFile()) {
      throw new Refusal(
        'unsafe-file',
        `${path} is not a file but a folder, a pipe or a device`,
        'name a file',
      );
    }
    const ran = await runSandboxed({
      command: [
        process.execPath,
        '--v8-pool-size=1',
        '--max-old-space-size=192',
        '--disable-proto=delete',
        program,
        ...(options.size === undefined ? [] : [String(options.size)]),
      ],
      fd: file.fd,
      readable: [dirname(program)],
      ...examination,
      ...(options.signal && { signal: options.signal }),
    });
    const answer = Answer.safeParse(parse(ran.stdout));
    if (!answer.success) {
      throw new Refusal(
        'too-costly',
        'the file could not be examined within the time and memory that the largest models need',
        'the file is damaged or was made to do harm: delete it and get it from its publisher',
        ran.stderr.slice(-2000) || ran.signal || answer.error,
      );
    }
    if ('facts' in answer.data) return answer.data.facts;
    const { reason, message, hint } = answer.data.refusal;
    throw new Refusal(reason, message, hint ?? undefined);
  } finally {
    await file.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
