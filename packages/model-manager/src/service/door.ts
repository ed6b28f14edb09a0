import { createServer, type RequestListener, type Server } from 'node:http';
import { actingForHeader } from '@nanite/contracts/model-store/api';
import type { KeptList } from '../list/kept-list';

/**
 * Lets requests in. The list of models, which everybody may read, is answered from what was kept where nothing has
 * changed, without the service: that is what wakes it most often, and it takes longer to load than anybody should wait
 * for a list. All else waits until it is loaded.
 */
export function createDoor(kept: KeptList, load: () => Promise<RequestListener>): Server {
  return createServer({ requestTimeout: 0 }, (request, response) => {
    const { method, url, headers } = request;
    if (method === 'GET' && url === '/v1/models' && headers[actingForHeader] === undefined) {
      const bytes = kept.get();
      if (bytes !== null) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
        return void response.end(bytes);
      }
    }
    // Where it cannot be loaded the program ends, and says why.
    load().then(
      (answer) => answer(request, response),
      () => response.destroy(),
    );
  });
}
