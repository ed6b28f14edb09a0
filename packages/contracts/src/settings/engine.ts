import { z } from 'zod';

/** Section `engine` of the settings. */
export const EngineSettings = z.strictObject({});
