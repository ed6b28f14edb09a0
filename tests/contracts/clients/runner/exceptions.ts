import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { clientsFolder } from './catalogue';

const Exception = z.strictObject({
  client: z.string(),
  feature: z.string(),
  /** Why it does not work with Nanite. */
  reason: z.string(),
  /** What the server does for which the client was written. */
  original: z.string(),
});
export type Exception = z.infer<typeof Exception>;

/** What is known not to work. A feature of this list that works is a failure too: then the list is wrong. */
export const exceptions = z
  .array(Exception)
  .parse(JSON.parse(readFileSync(join(clientsFolder, 'exceptions.json'), 'utf8')));

export const exceptionFor = (client: string, feature: string): Exception | undefined =>
  exceptions.find((at) => at.client === client && at.feature === feature);
