import { NaniteError } from '@nanite/kit';
import { httpClient } from '../http/client';
import { fetchSmall } from '../http/small';
import type { Reference } from '../references/reference';
import { refusalOf, roleOf, uniqueNames } from './file-role';
import type { ResolvedModel } from './resolved';

/**
 * A single file behind an URL. Without `#sha256=…` nobody vouches for it: trust on first use.
 *
 * @throws NaniteError `refused-format` 422, `source-refused`, `source-unreachable` 502, the guard's refusals 403
 */
export async function resolveUrl(
  { url, sha256 }: Extract<Reference, { kind: 'url' }>,
  { insecure, signal }: { insecure: boolean; signal: AbortSignal },
): Promise<ResolvedModel> {
  const { pathname, host } = new URL(url);
  const name = decodeURIComponent(pathname.split('/').filter(Boolean).at(-1) ?? '');
  const refusal = refusalOf(name);
  if (refusal !== null) throw new NaniteError('refused-format', `${name}: ${refusal}`, { status: 422 });
  const answer = await fetchSmall(httpClient(insecure), url, { method: 'HEAD', limit: 0, signal });
  if (answer.status === 404 || answer.status === 410) {
    throw new NaniteError('model-not-found', `${host} has no ${name}`, { status: 404 });
  }
  const type = answer.headers['content-type'];
  if (answer.status === 200 && typeof type === 'string' && type.startsWith('text/html')) {
    throw new NaniteError('refused-format', `${url} is a web page, not a model`, {
      status: 422,
      hint: 'copy the address that the download button leads to',
    });
  }
  // Some servers refuse HEAD; the download asks again and hears the size then.
  const length = answer.status === 200 ? answer.headers['content-length'] : undefined;
  return {
    name: nameOf(name),
    source: sha256 === null ? url : `${url}#sha256=${sha256}`,
    pinned: sha256 !== null,
    trust: sha256 === null ? 'first-use' : 'reference',
    files: uniqueNames([
      {
        role: roleOf(name) ?? 'weights',
        name,
        size: typeof length === 'string' ? Number(length) : null,
        sha256,
        locate: () => Promise.resolve({ url, headers: {}, insecure }),
      },
    ]),
    hints: {},
  };
}

/** A model's name from a file's: `Some-Model-Q4_0.gguf` is `some-model-q4_0:latest`. */
export function nameOf(file: string): string {
  const plain = file
    .replace(/\.(?:gguf|onnx)$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '')
    .toLowerCase()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return `${plain === '' ? 'model' : plain}:latest`;
}
