import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiFailure, ProgressEvent, type ExportRequest, type ImportRequest } from '@nanite/contracts';
import { libDir } from '@nanite/kit';
import { bytes, withoutLongDigests } from '../terminal/format';
import { sanitise } from '../terminal/sanitise';
import { table } from '../terminal/table';
import { exitStatus } from '../exit-status';
import { follow } from './follow';
import { absent, store, told } from './store';

/** Reads and writes other programs' stores as the person who asks: comes with nanite-models. */
const program = (): string => join(libDir(), 'models/sharing.mjs');

/** @throws ApiFailure `unreachable` where nanite-models is not installed, and what the program reports */
async function* shared(
  request: { import: ImportRequest } | { export: ExportRequest },
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent, void, void> {
  if (!existsSync(program())) throw absent();
  const child = spawn(process.execPath, [program(), JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  // Told by the stream that ends without a last event.
  child.once('error', () => {});
  for await (const line of createInterface({ input: child.stdout })) {
    const event = ProgressEvent.parse(JSON.parse(line));
    if (event.error !== undefined) {
      const { httpStatus = 500, code = 'internal', error, hint = null } = event;
      throw new ApiFailure(httpStatus, code, error, hint);
    }
    yield event;
    if (event.status === 'success') return;
  }
  signal.throwIfAborted();
  throw new ApiFailure(502, 'broken-off', 'the program ended before it was done');
}

interface Found {
  name: string;
  sizeBytes?: number;
  source?: string;
  files?: Array<{ name: string; how?: string }>;
}

interface ImportResult {
  kind: string;
  models: Found[];
  refused?: Array<{ name: string; message: string }>;
}

/** What an import did, or a dry run found. */
export function importText({ kind, models, refused = [] }: ImportResult, folder: string): string {
  if (models.length === 0 && refused.length === 0) {
    const as = kind === 'folder' ? '' : ` It was read as ${kind}; --kind says what it is.`;
    return `No models found in ${sanitise(folder)}.${as}\n`;
  }
  const ways = ({ files = [] }: Found): string => {
    const how = new Set(files.flatMap((file) => file.how ?? []));
    return [...how].join(', ');
  };
  const rows = models.map((model) => [
    sanitise(model.name),
    model.sizeBytes === undefined ? '' : bytes(model.sizeBytes),
    withoutLongDigests(sanitise(model.source ?? ways(model))),
  ]);
  const lines = refused.map(({ name, message }) => `refused: ${sanitise(name)}: ${sanitise(message)}\n`);
  return table(rows) + lines.join('');
}

/** `nanite models import`. Exit status 1 where a model was refused, 7 where there is none. */
export const importModels = (
  path: string,
  options: { kind: string; model: string[]; dryRun?: boolean; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const request: ImportRequest = {
      path: resolve(path),
      kind: options.kind as ImportRequest['kind'],
      models: options.model.length > 0 ? options.model : null,
      dryRun: options.dryRun ?? false,
    };
    const json = options.json ?? false;
    const last = await follow(store(), (signal) => shared({ import: request }, signal), {
      json,
      hidesSuccess: true,
    });
    const result = last?.result as ImportResult;
    if (!json) process.stdout.write(importText(result, path));
    if ((result.refused ?? []).length > 0) return exitStatus.error;
    return result.models.length > 0 ? exitStatus.ok : exitStatus.notFound;
  });

/** `nanite models export` and `share` */
export const exportModels = (
  models: string[],
  options: { to: string; kind: string; json?: boolean },
): Promise<number> =>
  told(options.json ?? false, async () => {
    const request: ExportRequest = {
      models,
      path: resolve(options.to),
      kind: options.kind as ExportRequest['kind'],
    };
    const json = options.json ?? false;
    const last = await follow(store(), (signal) => shared({ export: request }, signal), {
      json,
      hidesSuccess: true,
    });
    const { files } = last?.result as { files: Array<{ path: string; how: string; size: number }> };
    if (json) return 0;
    process.stdout.write(table(files.map(({ path, how, size }) => [how, bytes(size), path])));
    if (request.kind === 'export') {
      process.stdout.write(`Written and read back. Unmount a stick before you pull it out.\n`);
    }
    return 0;
  });
