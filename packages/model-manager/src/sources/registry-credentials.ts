import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, etcDir, NaniteError } from '@nanite/kit';
import { z } from 'zod';

/** `auths` of the file that Docker, Podman and Skopeo share: containers-auth.json(5). Helpers are programs, and not run. */
const AuthFile = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).default({}),
});

/**
 * What a registry is told about who we are: the administrator's, from `/etc/nanite/registry-auth.json`.
 *
 * @param host as in the reference, with its port if it has one
 * @returns the value of an Authorization header; null where nothing is said of this host
 * @throws NaniteError `bad-credentials` 500 where the file is broken, or others may read it
 */
export function registryCredentials(
  host: string,
  file = join(etcDir(), 'registry-auth.json'),
): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  const bad = (what: string, hint: string, cause?: unknown): NaniteError =>
    new NaniteError('bad-credentials', `${file} ${what}`, { status: 500, hint, cause });
  if ((found.mode & 0o007) !== 0) {
    throw bad('can be used by everybody', `chown root:nanite-models ${file}; chmod 640 ${file}`);
  }
  let auths: z.infer<typeof AuthFile>['auths'];
  try {
    ({ auths } = AuthFile.parse(JSON.parse(readFileSync(file, 'utf8'))));
  } catch (cause) {
    throw bad(`is not understood: ${describeError(cause)}`, 'see nanite-models(8) for its form', cause);
  }
  const encoded = auths[host]?.auth;
  return encoded === undefined ? null : `Basic ${encoded}`;
}
