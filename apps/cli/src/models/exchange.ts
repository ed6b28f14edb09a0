import { resolve } from 'node:path';
import type { ExportRequest, ImportRequest } from '@nanite/contracts';
import { follow } from './follow';
import { store, told } from './store';

/** `nanite models import` */
export const importModels = (
  path: string,
  options: { kind: string; model: string[]; dryRun?: boolean; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const request: ImportRequest = {
      path: resolve(path),
      kind: options.kind as ImportRequest['kind'],
      models: options.model.length > 0 ? options.model : null,
      dryRun: options.dryRun ?? false,
    };
    const json = options.json ?? false;
    const last = await follow(client, (signal) => client.import(request, signal), { json });
    if (!json && last?.result !== undefined) {
      process.stdout.write(`${JSON.stringify(last.result, null, 2)}\n`);
    }
    return 0;
  });

/** `nanite models export` and `share` */
export const exportModels = (
  models: string[],
  options: { to: string; kind: string; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const request: ExportRequest = {
      models,
      path: resolve(options.to),
      kind: options.kind as ExportRequest['kind'],
    };
    const json = options.json ?? false;
    const last = await follow(client, (signal) => client.export(request, signal), { json });
    if (!json && last?.result !== undefined) {
      process.stdout.write(`${JSON.stringify(last.result, null, 2)}\n`);
    }
    return 0;
  });
