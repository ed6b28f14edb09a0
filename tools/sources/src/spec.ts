import { z } from 'zod';

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'sha256 as 64 lower-case hexadecimal digits');

/** Inside the archive, with `/`, and nowhere else. */
const MemberPath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path inside the archive');

/** Which archive of a registry. */
const archive = {
  registry: z.enum(['npm', 'pypi', 'maven']),
  /** As the registry's client takes it: `@scope/name`, `name`, `group:artifact`. */
  name: z.string().regex(/^[@\w][\w./:-]*$/),
  version: z.string().regex(/^[\w][\w.+-]*$/),
  /** PyPI only: which of a version's archives. */
  archive: z.enum(['wheel', 'sdist']).default('wheel'),
};

/**
 * An artefact of a package registry, pinned so that what is fetched is what was looked at.
 *
 * The whole archive is pinned by `sha256` (npm: or by `integrity` as package-lock.json writes it), and every file used
 * of it by a sha256 of its own.
 */
export const SourceSpec = z
  .object({
    ...archive,
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

const size = z.number().int().positive();

/** An address whose answers nobody on the way can read or change, or one of this machine. */
const PublisherUrl = z
  .url()
  .refine(
    (url) => /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url),
    'an https address, or one of this machine',
  );

/**
 * A file too large for one package of a registry: cut into parts, one in each of several packages. Joined they are the
 * file that its publisher offers elsewhere.
 */
export const JoinedSource = z
  .object({
    /** SPDX identifier. */
    licence: z.string().min(1),
    /** The whole file, under the name that its publisher gives it. */
    file: z.object({ path: z.string().regex(/^[\w][\w.-]*$/, 'a file name'), sha256: Sha256, size }),
    /** In the order in which they are joined. */
    parts: z
      .array(
        z.object({
          ...archive,
          sha256: Sha256,
          file: z.object({ path: MemberPath, sha256: Sha256, size }),
        }),
      )
      .min(2),
    /** Where the publisher offers the same bytes: asked when a registry no longer has a part of them. */
    publisher: z.object({ url: PublisherUrl }),
  })
  .refine(({ parts, file }) => parts.reduce((sum, part) => sum + part.file.size, 0) === file.size, {
    message: 'the sizes of the parts do not add up to the size of the file',
    path: ['parts'],
  });

export type SourceSpec = z.infer<typeof SourceSpec>;
export type SourceFile = SourceSpec['files'][number];
export type JoinedSource = z.infer<typeof JoinedSource>;
export type SourcePart = JoinedSource['parts'][number];

/** What a registry's client is told. */
export type ArchivePin = Pick<
  SourceSpec,
  'registry' | 'name' | 'version' | 'archive' | 'sha256' | 'integrity'
>;

export const describe = ({ registry, name, version }: ArchivePin): string => `${registry}:${name}@${version}`;
