import { EnvHttpProxyAgent, fetch as undiciFetch, interceptors, type Dispatcher } from 'undici';
import { guardedConnector, publicHttpsOnly, strictRules, type GuardRules } from './guard';

export interface HttpOptions {
  /** Allows plain HTTP and addresses that are not public. Certificates are checked all the same. */
  insecure: boolean;
  rules?: GuardRules;
  /** A certificate to trust instead of the system's. */
  ca?: string;
}

/** How the model manager speaks HTTP: guarded, through the proxies of the environment. */
export interface HttpClient {
  /** Follows redirects; a redirect to another host loses Authorization and cookies. */
  dispatcher: Dispatcher;
  /** For libraries that take a fetch function. */
  fetch: typeof fetch;
  close(): Promise<void>;
}

/** Redirects followed before a source is taken for broken; as many as Ollama follows. */
const maxRedirections = 10;

/**
 * An HTTP client that refuses plain HTTP and private addresses, at every redirect anew, unless `insecure`.
 * `http_proxy`, `https_proxy` and `no_proxy` are honoured; a proxy resolves names itself, so with one only addresses
 * and localhost in the URL are judged here and the rest is the proxy's to allow.
 */
export function createHttpClient({ insecure, rules = strictRules, ca }: HttpOptions): HttpClient {
  const agent = new EnvHttpProxyAgent({
    headersTimeout: 30_000,
    // A body that says nothing for so long is stalled; Ollama waits as long.
    bodyTimeout: 30_000,
    connect: insecure ? { ca, lookup: rules.lookup } : guardedConnector(rules, { ca }),
    ...(ca === undefined ? {} : { requestTls: { ca } }),
  });
  const guarded = insecure ? agent : agent.compose(publicHttpsOnly(rules));
  return {
    dispatcher: guarded.compose(interceptors.redirect({ maxRedirections })),
    fetch: ((input: string | URL, init?: RequestInit) =>
      undiciFetch(input, { ...(init as object), dispatcher: guarded })) as unknown as typeof fetch,
    close: () => agent.close(),
  };
}

const shared = new Map<boolean, HttpClient>();

/** The client that all pulls of this process share, so that they share connections. */
export function httpClient(insecure: boolean): HttpClient {
  let client = shared.get(insecure);
  if (client === undefined) shared.set(insecure, (client = createHttpClient({ insecure })));
  return client;
}
