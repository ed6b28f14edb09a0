import { z } from 'zod';
import { Bytes } from '../hardware';

/** Section `models` of the settings: the model store. */
export const ModelSettings = z.strictObject({
  quotaBytes: Bytes.nullable()
    .default(null)
    .describe('Most that the store may take on the disk, in bytes; null: what the disk has.'),
  reserveBytes: Bytes.default(1024 * 1024 * 1024).describe(
    'Bytes of the disk that a download leaves free, in any case.',
  ),
  parallel: z.number().int().min(1).max(32).default(4).describe('Ranges of a file fetched at once.'),
  chunkBytes: z
    .number()
    .int()
    .min(64 * 1024)
    .default(64 * 1024 * 1024)
    .describe('Bytes of a range: the most that is fetched again after a cut.'),
  bytesPerSecond: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Limit of all downloads together; null: none.'),
  waitOnMetered: z
    .boolean()
    .default(true)
    .describe('Downloads wait while the connection is metered, as NetworkManager says.'),
  idleSeconds: z
    .number()
    .int()
    .min(1)
    .default(60)
    .describe('Seconds without work after which the service ends; its socket starts it again.'),
});

export type ModelSettings = z.infer<typeof ModelSettings>;
