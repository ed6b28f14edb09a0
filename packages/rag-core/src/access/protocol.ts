import { z } from 'zod';

/** Files that are asked about at once: a few milliseconds of one processor, so that others come in between. */
export const mostAtOnce = 2000;

/** `POST /v1/readable`: which of these may a user read now? */
export const AccessQuestion = z.strictObject({
  uid: z.number().int().nonnegative(),
  files: z
    .array(
      z.object({
        /** Absolute path, as Base64: names need not be UTF-8. */
        path: z.base64(),
        /**
         * `device:inode:size:mtime` that it must have: another file that took its place is not the one that is asked
         * about. Null: a folder, of which is asked only whether the user gets there.
         */
        identity: z.string().nullable(),
      }),
    )
    .max(mostAtOnce),
});

/** One answer for each file, in their order. */
export const AccessAnswer = z.object({ may: z.array(z.boolean()) });

export type AccessQuestion = z.infer<typeof AccessQuestion>;
