import { createModel, updateModel } from '../pull';
import type { Work } from './jobs';
import { waitWhileMetered } from './metered';
import type { Order } from './order';
import type { Service } from './parts';
import { verifyStore } from './verify';

/** How an order is carried out. */
export function workOf(service: Service, { kind, request }: Order, uid: number): Work {
  const { puller, extensions } = service;
  switch (kind) {
    case 'pull':
      return async ({ signal, report }) => {
        const local = request.reference.startsWith('/') || request.reference.startsWith('file:');
        if (service.waitOnMetered && !request.metered && !local) {
          await waitWhileMetered(() => report({ status: 'waiting' }), signal, service.isMetered);
        }
        const { manifest } = await puller.pull(request, { uid, signal, report });
        return { model: manifest.id };
      };
    case 'create':
      return async (asked) => ({
        model: (await createModel(puller, request, { ...asked, uid })).manifest.id,
      });
    case 'verify':
      return async (asked) => ({ result: await verifyStore(puller, request, { ...asked, uid }) });
    case 'update':
      return (asked) => updateModel(puller, request, { ...asked, uid });
    case 'import':
      return (asked) => extensions.import(puller, request, { ...asked, uid });
    case 'export':
      return (asked) => extensions.export(puller, request, { ...asked, uid });
  }
}
