/**
 * The part of import and export that is done as the person: reading their own stores, writing to their own folders and
 * sticks. `nanite models` starts it with a request as its one argument, and reads ProgressEvents from its output.
 */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  ApiFailure,
  ExportRequest,
  ImportRequest,
  ModelStoreClient,
  type ProgressEvent,
} from '@nanite/contracts';
import { NaniteError, describeError, socketPath } from '@nanite/kit';
import { z } from 'zod';
import { translateGoTemplate } from '../modelfile/go-template';
import { isJinja } from '../pull/template';
import type { FoundModel } from './found';
import { scan } from './scan';
import { shareModels } from './share';
import { listing } from './take-in';

const Request = z.union([
  z.strictObject({ import: ImportRequest }),
  z.strictObject({ export: ExportRequest }),
]);

const store = new ModelStoreClient(socketPath('models'));

const report = (event: ProgressEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** Folders that the service does not see: its unit has a /tmp of its own, and no homes. */
const hidden = /^\/(home|root|run\/user|tmp|var\/tmp)(\/|$)/;

/** Whether everybody, and so the service, can read a file where it is. */
export function isForEverybody(path: string): boolean {
  if (hidden.test(path) || (statSync(path).mode & 0o004) === 0) return false;
  for (let at = dirname(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Give a model to the store byte by byte: it may not read it where it is. */
async function handOver({ name, files, texts }: FoundModel): Promise<void> {
  const digests: Record<string, string> = {};
  for (const file of files) {
    report({ status: `importing ${name}: ${file.name}`, total: file.size });
    const digest = `sha256:${file.sha256 ?? (await digestOf(file.path))}`;
    if (!(await store.hasBlob(digest))) await store.uploadBlob(digest, createReadStream(file.path));
    digests[file.name] = digest;
  }
  const { template, ...others } = texts;
  // As with a pull: a template of Ollama's that nobody here can read gives way to the one in the weights.
  const isReadable = template !== undefined && (isJinja(template) || translateGoTemplate(template) !== null);
  const request = { model: name, files: digests, ...others, ...(isReadable && { template }) };
  for await (const event of store.create(request)) {
    if (event.status !== 'success') report(event);
  }
}

async function importModels(request: ImportRequest): Promise<unknown> {
  const { kind, models } = scan(request.path, request.kind, request.models);
  if (request.dryRun || models.length === 0) return { kind, models: models.map(listing) };
  if (models.every(({ files }) => files.every(({ path }) => isForEverybody(path)))) {
    let last: ProgressEvent | null = null;
    for await (const event of store.import({ ...request, kind })) {
      last = event;
      if (event.status !== 'success') report(event);
    }
    return last?.result;
  }
  const taken: Array<{ name: string }> = [];
  const refused: Array<{ name: string; code: string; message: string }> = [];
  for (const model of models) {
    try {
      await handOver(model);
      taken.push({ name: model.name });
    } catch (error) {
      // One that the gate refuses does not keep the others out; anything else ends it.
      if (!(error instanceof ApiFailure) || error.status !== 422) throw error;
      refused.push({ name: model.name, code: error.code, message: error.message });
    }
  }
  return { kind, models: taken, refused };
}

async function exportModels({ models, path, kind }: ExportRequest): Promise<unknown> {
  const found = await Promise.all(models.map((name) => store.show(name)));
  const files = await shareModels(found, path, kind, (file) =>
    report({ status: `${file.how} ${file.path}`, total: file.size, completed: file.size }),
  );
  return { files };
}

async function main(): Promise<void> {
  const request = Request.parse(JSON.parse(process.argv[2] ?? '{}'));
  const result =
    'import' in request ? await importModels(request.import) : await exportModels(request.export);
  report({ status: 'success', result });
}

main().catch((error: unknown) => {
  const known = error instanceof NaniteError || error instanceof ApiFailure;
  report({
    status: 'error',
    error: known ? error.message : describeError(error),
    code: known ? error.code : 'internal',
    httpStatus: known ? error.status : 500,
    hint: known ? error.hint : null,
  });
  process.exitCode = 1;
});
