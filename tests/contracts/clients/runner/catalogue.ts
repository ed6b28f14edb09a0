import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** The clients that are tried: a folder each, with its pins and the program that tries its features. */
export const clientsFolder = resolve(import.meta.dirname, '..');

const Description = z.strictObject({
  kind: z.enum(['python', 'npm', 'node', 'go', 'rust', 'java', 'deb']),
  /** `core`: in `make test`; `more`: in `make test-clients`; `both`: with the small model in one, the larger in the other. */
  suite: z.enum(['core', 'more', 'both']),
  /** Programs with a prompt of thousands of tokens need longer than a library, in seconds; default 180. */
  featureSeconds: z.number().int().positive().optional(),
});
export type ClientFolder = z.infer<typeof Description> & { folder: string };

export function clientFolders(): ClientFolder[] {
  return readdirSync(clientsFolder)
    .filter((folder) => existsSync(join(clientsFolder, folder, 'client.json')))
    .sort()
    .map((folder) => ({
      folder,
      ...Description.parse(JSON.parse(readFileSync(join(clientsFolder, folder, 'client.json'), 'utf8'))),
    }));
}
