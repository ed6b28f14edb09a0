import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRepository {
  commit: string;
  branches?: Record<string, string>;
  gated?: boolean;
  tags?: string[];
  /** By path. Names ending in .json lie in git itself, all others in LFS. */
  files: Record<string, Buffer>;
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const gitOid = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/**
 * A stand-in for the Hugging Face hub with the shapes of its API, and a content network on another host that LFS files
 * are redirected to, as the hub does.
 */
export class Hub {
  readonly repositories = new Map<string, HubRepository>();
  readonly asked: Array<{ path: string; authorization: string | undefined }> = [];
  readonly askedOfNetwork: IncomingMessage[] = [];
  /** What it gives instead of a file in git. */
  altered: Buffer | null = null;
  #signature = 0;

  private constructor(
    private readonly hub: Server,
    private readonly network: Server,
  ) {}

  static async start(): Promise<Hub> {
    const servers = [createServer(), createServer()] as const;
    const hub = new Hub(...servers);
    servers[0].on('request', (request, response) => hub.#answer(request, response));
    servers[1].on('request', (request, response) => hub.#content(request, response));
    for (const server of servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  /** URLs signed until now are good no more. */
  expire(): void {
    this.#signature += 1;
  }

  stop(): void {
    for (const server of [this.hub, this.network]) {
      server.closeAllConnections();
      server.close();
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url);
    const path = decodeURIComponent(url.pathname);
    const { authorization } = request.headers;
    this.asked.push({ path, authorization });
    const fail = (status: number, code: string, error: string): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-error-code': code });
      response.end(JSON.stringify({ error }));
    };
    const found =
      /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/(.+)$/.exec(path) ??
      /^\/([^/]+\/[^/]+)\/(resolve)\/([^/]+)\//.exec(path);
    const repository = this.repositories.get(found?.[1] ?? '');
    if (found === null || repository === undefined) {
      return fail(authorization === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
    }
    const revision = found[3] ?? '';
    const commit = { main: repository.commit, ...repository.branches }[revision] ?? revision;
    if (commit !== repository.commit) return fail(404, 'RevisionNotFound', 'Invalid rev id');
    const isAllowed = repository.gated !== true || authorization === 'Bearer hf_good';
    switch (found[2]) {
      case 'revision':
        response.setHeader('content-type', 'application/json; charset=utf-8');
        response.end(
          JSON.stringify({
            _id: '0123456789abcdef01234567',
            id: found[1],
            sha: commit,
            private: false,
            gated: repository.gated === true ? 'manual' : false,
            tags: repository.tags ?? [],
            likes: 0,
            downloads: 0,
            lastModified: '2026-01-01T00:00:00.000Z',
          }),
        );
        return;
      case 'tree': {
        if (!isAllowed) return fail(403, 'GatedRepo', 'Access to this model is restricted');
        const all = Object.entries(repository.files).map(([name, content]) => ({
          type: 'file',
          path: name,
          size: content.length,
          oid: gitOid(content),
          ...(name.endsWith('.json')
            ? {}
            : { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } }),
        }));
        // Pages of two, so that whoever does not follow them is found out.
        const from = Number(url.searchParams.get('cursor') ?? 0);
        if (from + 2 < all.length) {
          url.searchParams.set('cursor', String(from + 2));
          response.setHeader('link', `<${url.href}>; rel="next"`);
        }
        const folder = { type: 'directory', path: 'onnx', size: 0, oid: '0'.repeat(40) };
        response.setHeader('content-type', 'application/json; charset=utf-8');
        response.end(JSON.stringify([...(from === 0 ? [folder] : []), ...all.slice(from, from + 2)]));
        return;
      }
      default: {
        if (!isAllowed) return fail(401, 'GatedRepo', 'Access to this model is restricted');
        const name = path.slice(`/${found[1]}/resolve/${revision}/`.length);
        const content = repository.files[name];
        if (content === undefined) return fail(404, 'EntryNotFound', 'Entry not found');
        response.setHeader('x-repo-commit', commit);
        if (name.endsWith('.json')) {
          response.setHeader('etag', `"${gitOid(content)}"`);
          response.end(this.altered ?? content);
          return;
        }
        const { port } = this.network.address() as AddressInfo;
        response.writeHead(302, {
          'x-linked-etag': `"${sha256(content)}"`,
          'x-linked-size': content.length,
          location: `http://localhost:${port}/${sha256(content)}?signature=${this.#signature}`,
        });
        response.end();
      }
    }
  }

  #content(request: IncomingMessage, response: ServerResponse): void {
    this.askedOfNetwork.push(request);
    const url = new URL(request.url ?? '', 'http://network');
    if (url.searchParams.get('signature') !== String(this.#signature)) {
      response.writeHead(403).end('expired');
      return;
    }
    const all = [...this.repositories.values()].flatMap(({ files }) => Object.values(files));
    const content = all.find((one) => `/${sha256(one)}` === url.pathname) ?? Buffer.alloc(0);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    response.setHeader('etag', `"${sha256(content)}"`);
    if (range === null) {
      response.end(content);
      return;
    }
    const part = content.subarray(Number(range[1]), Number(range[2]) + 1);
    const begin = Number(range[1]);
    response.writeHead(206, {
      'content-range': `bytes ${begin}-${begin + part.length - 1}/${content.length}`,
      'content-length': part.length,
    });
    response.end(part);
  }
}
