import { z } from 'zod';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'sha256 as 64 lower-case hexadecimal digits');

/** Inside the archive, with `/`, and nowhere else. */
const MemberPath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path inside the archive');

/**
 * An artefact of a package registry, pinned so that what is fetched is what was looked at.
 *
 * The whole archive is pinned by `sha256` (npm: or by `integrity` as package-lock.json writes it), and every file used
 * of it by a sha256 of its own.
 */
export const SourceSpec = z
  .object({
    registry: z.enum(['npm', 'pypi', 'maven']),
    /** As the registry's client takes it: `@scope/name`, `name`, `group:artifact`. */
    name: z.string().regex(/^[@\w][\w./:-]*$/),
    version: z.string().regex(/^[\w][\w.+-]*$/),
    /** PyPI only: which of a version's archives. */
    archive: z.enum(['wheel', 'sdist']).default('wheel'),
    sha256: Sha256.optional(),
    integrity: z
      .string()
      .regex(/^sha512-[A-Za-z0-9+/]{86}==$/)
      .optional(),
    /** SPDX identifier. */
    licence: z.string().min(1),
    files: z
      .array(z.object({ path: MemberPath, sha256: Sha256, size: z.number().int().nonnegative().optional() }))
      .min(1),
  })
  .refine((spec) => spec.sha256 !== undefined || (spec.registry === 'npm' && spec.integrity !== undefined), {
    message: 'sha256 of the archive is missing (npm: sha256 or integrity)',
    path: ['sha256'],
  });

export type SourceSpec = z.infer<typeof SourceSpec>;
export type SourceFile = SourceSpec['files'][number];

export const describe = (spec: SourceSpec): string => `${spec.registry}:${spec.name}@${spec.version}`;
