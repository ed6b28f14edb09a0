import { NaniteError } from '@nanite/kit';
import type { Handler } from '../context';

/** Handlers by method and path. A path that ends in `*` stands for all that begin so. */
export class Router {
  readonly #exact = new Map<string, Map<string, Handler>>();
  readonly #prefixes: Array<{ prefix: string; methods: Map<string, Handler> }> = [];

  on(method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD', path: string, handler: Handler): this {
    let methods = this.#methods(path);
    if (methods === null) {
      methods = new Map();
      if (path.endsWith('*')) this.#prefixes.push({ prefix: path.slice(0, -1), methods });
      else this.#exact.set(path, methods);
    }
    methods.set(method, handler);
    return this;
  }

  #methods(path: string): Map<string, Handler> | null {
    if (path.endsWith('*')) {
      return this.#prefixes.find(({ prefix }) => prefix === path.slice(0, -1))?.methods ?? null;
    }
    return this.#exact.get(path) ?? null;
  }

  /** @throws NaniteError 404 `no-such-endpoint`, 405 `wrong-method` */
  find(method: string, given: string): Handler {
    const path = given.length > 1 ? given.replace(/\/+$/, '') || '/' : given;
    const methods =
      this.#exact.get(path) ??
      this.#prefixes.find(({ prefix }) => path.startsWith(prefix) && path.length > prefix.length)?.methods;
    if (methods === undefined) {
      throw new NaniteError('no-such-endpoint', `there is no ${path}`, {
        status: 404,
        hint: 'GET /openapi.json lists the endpoints',
      });
    }
    const handler = methods.get(method);
    if (handler === undefined) {
      throw new NaniteError(
        'wrong-method',
        `${path} takes ${[...methods.keys()].join(', ')}, not ${method}`,
        {
          status: 405,
        },
      );
    }
    return handler;
  }
}
