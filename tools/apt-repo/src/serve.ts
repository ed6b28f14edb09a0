import { createServer, type Server } from 'node:http';
import { listenOnTcp } from '@nanite/kit';
import send from 'send';

/**
 * Serve a folder over HTTP, for tests and for machines of one's own network that trust the signature and not the wire.
 * Files are read again for each request: a publish in between is seen at once.
 */
export async function serveFolder(
  folder: string,
  options: { host?: string; port?: number } = {},
): Promise<{ server: Server; uri: string }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    const path = (request.url ?? '/').split('?')[0]!;
    send(request, path, { root: folder, index: false, dotfiles: 'deny', cacheControl: false }).pipe(response);
  });
  const host = options.host ?? '127.0.0.1';
  await listenOnTcp(server, host, options.port ?? 0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { server, uri: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
}
