import type { IncomingMessage } from 'node:http';
import { NaniteError } from '../errors';

/** A method on a path, whose first group is what the request is about. */
export interface Route {
  method: string;
  path: RegExp;
}

/**
 * The route that a request asks for, and the variable part of its path, decoded.
 *
 * @throws NaniteError 404 `not-found`, 405 `method-not-allowed`, 400 `bad-request`
 */
export function findRoute<R extends Route>(
  routes: readonly R[],
  request: IncomingMessage,
): { route: R; subject: string } {
  const path = (request.url ?? '/').split('?')[0]!;
  const here = routes.filter((route) => route.path.test(path));
  const route = here.find(({ method }) => method === request.method);
  if (route === undefined) {
    throw here.length > 0
      ? new NaniteError('method-not-allowed', `${request.method} is not allowed on ${path}`, { status: 405 })
      : new NaniteError('not-found', `there is no ${path} here`, { status: 404 });
  }
  return { route, subject: decoded(route.path.exec(path)?.[1] ?? '') };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new NaniteError('bad-request', 'the path is not percent-encoded', { status: 400, cause });
  }
}
