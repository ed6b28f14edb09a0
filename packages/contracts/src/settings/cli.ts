import { z } from 'zod';

/** Section `cli` of the settings. */
export const CliSettings = z.strictObject({});
