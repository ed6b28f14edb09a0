import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { CreateRequest, ModelStoreClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { bytes } from '../terminal/format';
import { isLively, paint } from '../terminal/paint';
import { follow } from './follow';
import { store, told } from './store';

export interface PullOptions {
  name?: string;
  insecure?: boolean;
  metered?: boolean;
  tokenFile?: string;
  background?: boolean;
  json?: boolean;
}

const isPath = (reference: string): boolean => /^(\.{0,2}\/|file:\/\/)/.test(reference);

/** @throws NaniteError `bad-file` */
function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new NaniteError('bad-file', `there is no file ${path}`);
    }
    throw new NaniteError('bad-file', `${path} cannot be read`, { cause });
  }
}

/** A token for sources that ask who you are: from a file, else for Hugging Face as its own tools find it. */
function tokenFor(reference: string, file: string | undefined): string | null {
  if (file !== undefined) return readText(file).trim();
  const isHub = /^(hf|huggingface):\/\/|^(hf\.co|huggingface\.co)\//.test(reference);
  return (isHub && process.env['HF_TOKEN']) || null;
}

/**
 * Give a file of this person to the store, which cannot read it where it is.
 *
 * @returns its digest, as create requests name it
 */
async function upload(client: ModelStoreClient, path: string): Promise<string> {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new NaniteError('bad-file', `${path} is not a file`);
  const lively = isLively(process.stderr);
  if (lively) process.stderr.write(`reading ${basename(path)}, ${bytes(statSync(path).size)}`);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  if (!(await client.hasBlob(digest))) await client.uploadBlob(digest, createReadStream(path));
  if (lively) process.stderr.write('\r\u001b[2K');
  return digest;
}

/** `model-name` of `/x/Model_Name.Q4_K_M.gguf`. */
export function nameOfFile(path: string): string {
  const name = basename(path)
    .replace(/-00001-of-\d{5}(?=\.gguf$)/, '')
    .replace(/\.(gguf|onnx)$/i, '')
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+/, '');
  return name === '' ? 'model' : name.toLowerCase();
}

/** All parts of a split GGUF of which the first is named; else the file alone. */
export function partsOf(path: string): string[] {
  const match = /^(?<stem>.*)-00001-of-(?<count>\d{5})\.gguf$/.exec(path)?.groups;
  if (match === undefined) return [path];
  const count = match['count'] ?? '';
  return Array.from(
    { length: Number(count) },
    (_, i) => `${match['stem']}-${String(i + 1).padStart(5, '0')}-of-${count}.gguf`,
  );
}

/** @param files by their names, to which these are added */
async function uploadAll(
  client: ModelStoreClient,
  path: string,
  files: Record<string, string> = {},
): Promise<Record<string, string>> {
  for (const part of partsOf(path)) {
    // Weights and projector may have one name, in two folders.
    const name = basename(part) in files ? part : basename(part);
    files[name] = await upload(client, part);
  }
  return files;
}

/** What FROM lines name: files of this person, which are uploaded, or a model. @throws NaniteError `bad-modelfile` */
async function takeFroms(
  client: ModelStoreClient,
  froms: readonly string[],
  folder: string,
): Promise<Pick<CreateRequest, 'from' | 'files'>> {
  const files: Record<string, string> = {};
  const models: string[] = [];
  for (const from of froms) {
    const local = resolve(folder, from);
    const isFile = isPath(from) || (existsSync(local) && statSync(local).isFile());
    if (isFile) await uploadAll(client, local, files);
    else models.push(from);
  }
  if (models.length > 1) {
    throw new NaniteError('bad-modelfile', `several FROM lines name a model: ${models.join(', ')}`, {
      hint: 'name one; what belongs to it, such as a projector, is a file',
    });
  }
  return {
    ...(models[0] !== undefined && { from: models[0] }),
    ...(Object.keys(files).length > 0 && { files }),
  };
}

/** The name of a new model on standard output, where programs read it, and what to do with it for people. */
async function nameAndNext(client: ModelStoreClient, model: string): Promise<void> {
  // Somebody may have removed it meanwhile.
  const manifest = (await client.show(model).catch(() => null))?.manifest;
  process.stdout.write(`${manifest?.name ?? model}\n`);
  const answers = manifest?.capabilities.some((each) => each === 'chat' || each === 'completion') ?? false;
  if (process.stdout.isTTY !== true || !answers) return;
  process.stdout.write(paint(process.stdout).dim(`nanite ask -m ${manifest?.name} "…"\n`));
}

/** `nanite models pull` */
export const pullModel = (reference: string, options: PullOptions): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const json = options.json ?? false;
    const seen = { json, background: options.background ?? false };
    let model: string | undefined;
    if (isPath(reference)) {
      const path = resolve(reference.replace(/^file:\/\//, ''));
      const files = await uploadAll(client, path);
      const name = options.name ?? nameOfFile(path);
      const last = await follow(client, (signal) => client.create({ model: name, files }, signal), seen);
      model = last === null ? undefined : name;
    } else {
      const request = {
        reference,
        name: options.name ?? null,
        insecure: options.insecure ?? false,
        metered: options.metered ?? false,
        token: tokenFor(reference, options.tokenFile),
      };
      const last = await follow(client, (signal) => client.pull(request, signal), seen);
      model = last?.model;
    }
    if (!json && model !== undefined) await nameAndNext(client, model);
    return 0;
  });

export interface CreateOptions {
  file: string;
  quantize?: string;
  requantize?: boolean;
  json?: boolean;
}

/** `nanite models create` */
export const createModel = (name: string, options: CreateOptions): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const modelfile = options.file === '-' ? '-' : resolve(options.file);
    const { froms, adapterPaths, ...parsed } = await client.parseModelfile(readText(modelfile));
    const folder = modelfile === '-' ? process.cwd() : dirname(modelfile);
    const adapters: Record<string, string> = {};
    for (const path of adapterPaths) adapters[basename(path)] = await upload(client, resolve(folder, path));
    const request: CreateRequest = {
      ...parsed,
      model: name,
      ...(await takeFroms(client, froms, folder)),
      ...(adapterPaths.length > 0 && { adapters }),
      ...(options.quantize !== undefined && { quantize: options.quantize }),
      ...(options.requantize && { requantize: true }),
    };
    await follow(client, (signal) => client.create(request, signal), { json: options.json ?? false });
    if (!options.json) await nameAndNext(client, name);
    return 0;
  });
