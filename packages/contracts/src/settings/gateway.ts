import { z } from 'zod';

/** Section `gateway` of the settings. */
export const GatewaySettings = z.strictObject({});
