import { createHash } from 'node:crypto';
import { NaniteError } from '@nanite/kit';
import { parse as parseAuthHeader } from 'auth-header';
import { z } from 'zod';
import { httpClient, type HttpClient } from '../http/client';
import { fetchSmall, type SmallAnswer } from '../http/small';
import type { OciReference } from '../references/reference';
import { registryCredentials } from './registry-credentials';
import type { Location } from './resolved';

const Token = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** A challenge of the kind `Bearer realm="…",service="…",scope="…"` (distribution spec, token authentication). */
function bearerChallenge(header: string | string[] | undefined): Record<string, string> | null {
  for (const one of [header ?? []].flat()) {
    // Several challenges in one line: the one for tokens is the one that counts.
    const bearer = /(?:^|,\s*)(Bearer\s.*)$/is.exec(one)?.[1];
    if (bearer === undefined) continue;
    const entries = Object.entries(parseAuthHeader(bearer).params);
    return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), [value].flat()[0] ?? '']));
  }
  return null;
}

/**
 * Reading from one repository of an OCI registry, with the token that it may ask for: an anonymous one, or one for whom the
 * administrator has named for this registry. Neither is said before the registry asks.
 */
export class RegistrySession {
  readonly #client: HttpClient;
  /** What the Authorization header says. */
  #authority: string | null = null;

  private constructor(
    private readonly scheme: 'http' | 'https',
    private readonly reference: OciReference,
    private readonly insecure: boolean,
    private readonly signal: AbortSignal,
  ) {
    this.#client = httpClient(insecure);
  }

  /**
   * With `insecure`, a registry is spoken to by TLS where it can and plainly where it cannot. Ollama drops TLS at
   * once; Docker does as we do, and what works with Ollama works either way.
   */
  static async open(
    reference: OciReference,
    { insecure, signal }: { insecure: boolean; signal: AbortSignal },
  ): Promise<RegistrySession> {
    if (insecure && reference.scheme === 'https') {
      try {
        await fetchSmall(httpClient(true), `https://${reference.host}/v2/`, { limit: 2 ** 16, signal });
      } catch {
        signal.throwIfAborted();
        return new RegistrySession('http', reference, insecure, signal);
      }
    }
    return new RegistrySession(reference.scheme, reference, insecure, signal);
  }

  /** Whether what it says came over TLS. */
  get isEncrypted(): boolean {
    return this.scheme === 'https';
  }

  #url(kind: 'manifests' | 'blobs', which: string): string {
    return `${this.scheme}://${this.reference.host}/v2/${this.reference.repository}/${kind}/${which}`;
  }

  /** @throws NaniteError `model-not-found` 404, `source-refused` 502 */
  async get(
    kind: 'manifests' | 'blobs',
    which: string,
    { accept, limit }: { accept?: string; limit: number },
  ): Promise<SmallAnswer> {
    const url = this.#url(kind, which);
    const ask = (): Promise<SmallAnswer> =>
      fetchSmall(this.#client, url, {
        headers: { ...this.#authorization(), ...(accept === undefined ? {} : { accept }) },
        limit,
        signal: this.signal,
      });
    let answer = await ask();
    if (answer.status === 401 && (await this.#authenticate(answer.headers['www-authenticate']))) {
      answer = await ask();
    }
    if (answer.status === 200) return answer;
    const name = `${this.reference.host}/${this.reference.repository}`;
    if (answer.status === 404) {
      throw new NaniteError('model-not-found', `${name} has no ${which}`, {
        status: 404,
        hint: 'check the name and the tag',
      });
    }
    throw new NaniteError('source-refused', `${name} answered ${answer.status} for ${which}`, {
      status: 502,
      hint:
        answer.status === 401 || answer.status === 403
          ? 'it is not there, or is not public: for registries with a password see nanite-models(8)'
          : 'try again later',
    });
  }

  /** A blob that is small enough for memory, checked against its digest. */
  async blob(sha256: string, limit: number): Promise<Buffer> {
    const { body } = await this.get('blobs', `sha256:${sha256}`, { limit });
    const got = createHash('sha256').update(body).digest('hex');
    if (got !== sha256) {
      throw new NaniteError('digest-mismatch', `a blob of the registry has sha256 ${got}, not ${sha256}`, {
        status: 422,
        hint: 'the registry, or something on the way, has altered it',
      });
    }
    return body;
  }

  /** Where a blob is, with a token that is good now: the registry is asked, for tokens last minutes. */
  async locate(sha256: string): Promise<Location> {
    const url = this.#url('blobs', `sha256:${sha256}`);
    const answer = await this.#probe(url);
    if (answer.status === 401) await this.#authenticate(answer.headers['www-authenticate']);
    return { url, headers: this.#authorization(), insecure: this.insecure };
  }

  async #probe(url: string): Promise<SmallAnswer> {
    return fetchSmall(this.#client, url, {
      method: 'HEAD',
      headers: this.#authorization(),
      limit: 0,
      signal: this.signal,
    });
  }

  #authorization(): Record<string, string> {
    return this.#authority === null ? {} : { authorization: this.#authority };
  }

  async #authenticate(header: string | string[] | undefined): Promise<boolean> {
    const credentials = registryCredentials(this.reference.host);
    const challenge = bearerChallenge(header);
    if (challenge?.realm === undefined) {
      // A password: once is enough, a second challenge means that it is wrong.
      if (credentials === null || this.#authority === credentials) return false;
      this.#authority = credentials;
      return true;
    }
    const url = new URL(challenge.realm);
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
    url.searchParams.set('scope', challenge.scope ?? `repository:${this.reference.repository}:pull`);
    // The realm is the registry's word: it goes through the same guard, so it cannot lead to plain HTTP or inwards.
    const answer = await fetchSmall(this.#client, url.href, {
      headers: credentials === null ? {} : { authorization: credentials },
      limit: 2 ** 18,
      signal: this.signal,
    });
    const parsed = answer.status === 200 ? Token.safeParse(JSON.parse(answer.body.toString('utf8'))) : null;
    const token = parsed?.data?.token ?? parsed?.data?.access_token;
    this.#authority = token === undefined ? null : `Bearer ${token}`;
    return token !== undefined;
  }
}
