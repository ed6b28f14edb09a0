import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { NaniteError } from '@nanite/kit';
import type { MirrorTarget } from './mirror';

const digestKey = 'sha256';

/** What a cache in front of the bucket may keep: a name that holds a hash or a version for ever, an index for a moment. */
const cacheControl = (path: string): string =>
  path.includes('/by-hash/') ? 'public, max-age=31536000, immutable' : 'public, max-age=60';

const contentType = (path: string): string => {
  const name = basename(path);
  if (name.endsWith('.deb')) return 'application/vnd.debian.binary-package';
  if (name.endsWith('.gz')) return 'application/gzip';
  return path.includes('/by-hash/') ? 'application/octet-stream' : 'text/plain; charset=utf-8';
};

/** `s3://bucket/prefix` in its parts. @throws NaniteError `bad-target` */
export function parseS3Uri(uri: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*?))?\/?$/.exec(uri);
  if (match === null) {
    throw new NaniteError('bad-target', `'${uri}' is not an address of a bucket`, {
      hint: 'such as s3://bucket/prefix',
    });
  }
  return { bucket: match[1]!, prefix: match[2] === undefined || match[2] === '' ? '' : `${match[2]}/` };
}

/**
 * A bucket of any server that speaks S3. Who we are comes from where AWS's tools look: AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY, or a profile.
 *
 * @param options.endpoint address of a server that is not Amazon's; default $AWS_ENDPOINT_URL_S3
 */
export function s3Target(uri: string, options: { endpoint?: string; region?: string } = {}): MirrorTarget {
  const { bucket, prefix } = parseS3Uri(uri);
  const endpoint = options.endpoint ?? process.env['AWS_ENDPOINT_URL_S3'];
  const client = new S3Client({
    region: options.region ?? process.env['AWS_REGION'] ?? 'us-east-1',
    // Other servers seldom have a host name for each bucket, nor Amazon's newer checksums.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
  });
  const asked = async <T>(what: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request();
    } catch (cause) {
      const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      throw new NaniteError('bucket-refused', `${uri}: cannot ${what}: ${detail}`, {
        hint: 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, --endpoint, and the rights on the bucket',
        cause,
      });
    }
  };
  return {
    name: uri,
    list: () =>
      asked('list it', async () => {
        const paths = new Set<string>();
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
          for (const object of page.Contents ?? []) paths.add((object.Key ?? '').slice(prefix.length));
        }
        return paths;
      }),
    sha256: (path) =>
      asked(`look at ${path}`, async () => {
        try {
          const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: prefix + path }));
          return head.Metadata?.[digestKey] ?? null;
        } catch (error) {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return null;
          throw error;
        }
      }),
    put: (path, from, sha256) =>
      asked(`put ${path}`, async () => {
        const upload = new Upload({
          client,
          params: {
            Bucket: bucket,
            Key: prefix + path,
            Body: createReadStream(from),
            ContentType: contentType(path),
            CacheControl: cacheControl(path),
            Metadata: { [digestKey]: sha256 },
          },
        });
        await upload.done();
      }),
    remove: (path) =>
      asked(`remove ${path}`, async () => {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + path }));
      }),
  };
}
