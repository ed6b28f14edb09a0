import type { IncomingMessage, ServerResponse } from 'node:http';

/** Tell a page whose origin is allowed that it may read the answer. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse): void {
  const { origin } = req.headers;
  if (origin === undefined) return;
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('vary', 'origin');
}

/** The answer to a browser that asks before it sends the request itself. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse): void {
  const wanted = req.headers['access-control-request-headers'];
  res.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
    'access-control-allow-headers': wanted ?? 'content-type, authorization',
    'access-control-max-age': '86400',
    // Chromium asks this of servers on the local machine.
    ...(req.headers['access-control-request-private-network'] === 'true' && {
      'access-control-allow-private-network': 'true',
    }),
  });
  res.end();
}
