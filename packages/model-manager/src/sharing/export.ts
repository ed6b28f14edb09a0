import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { ModelManifest, ModelRecord, type StoredModel } from '@nanite/contracts';
import { NaniteError, writeAtomically } from '@nanite/kit';
import type { FoundModel } from './found';
import { flush, forgetCached, largestFile } from './file-system';
import { isDraft, place, placeError, type Placed } from './place';

const sumsName = 'SHA256SUMS';

/** Files that have been put somewhere, and how. */
export interface PlacedFile {
  path: string;
  how: Placed;
  size: number;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

function sync(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Put models into a folder that can leave this machine: each in a folder of its own with its manifest, and SHA256SUMS of
 * all of it, which `sha256sum -c` reads too. What was copied is read back from the device before it counts, and when this
 * ends all of it is there: a stick can be unmounted at once. Where it fails nothing is left of what it put there, only what
 * was there before.
 *
 * @throws NaniteError `no-space`, `too-large-for-filesystem` 507 before a byte is written; `digest-mismatch` 422
 */
export async function exportModels(
  models: readonly StoredModel[],
  folder: string,
  report: (file: PlacedFile) => void = () => {},
): Promise<PlacedFile[]> {
  checkRoom(models, folder);
  for (const { manifest } of models) removeDrafts(join(folder, manifest.id));
  const made: string[] = [];
  try {
    return await put(models, folder, report, made);
  } catch (error) {
    for (const path of made) rmSync(path, { force: true });
    for (const { manifest } of models) removeEmpty(join(folder, manifest.id));
    throw error;
  }
}

/** @param made gets the paths of what was not there before, as soon as it is */
async function put(
  models: readonly StoredModel[],
  folder: string,
  report: (file: PlacedFile) => void,
  made: string[],
): Promise<PlacedFile[]> {
  const placed: PlacedFile[] = [];
  const sums = readSums(folder);
  for (const { manifest, record, path } of models) {
    const at = join(folder, manifest.id);
    for (const file of manifest.files) {
      const to = join(at, file.path);
      const isThere = statSync(to, { throwIfNoEntry: false })?.size === file.size;
      const how = isThere ? 'there' : place(join(path, file.path), to, false);
      if (!isThere) made.push(to);
      sync(to);
      await forgetCached(to);
      const found = await sha256Of(to);
      if (found !== file.sha256) {
        throw new NaniteError('digest-mismatch', `${to} has sha256 ${found} instead of ${file.sha256}`, {
          hint: 'nanite models verify checks the original; if that is sound, the stick is not',
          status: 422,
        });
      }
      sums.set(join(manifest.id, file.path), file.sha256);
      const done: PlacedFile = { path: to, how, size: file.size };
      placed.push(done);
      report(done);
    }
    const texts = [
      ['manifest.json', manifest],
      ['record.json', record],
    ] as const;
    for (const [name, value] of texts) {
      const text = `${JSON.stringify(value, null, 2)}\n`;
      if (!existsSync(join(at, name))) made.push(join(at, name));
      writeText(join(at, name), text);
      sums.set(join(manifest.id, name), createHash('sha256').update(text).digest('hex'));
    }
  }
  const lines = [...sums].sort().map(([name, sum]) => `${sum}  ${name}\n`);
  writeText(join(folder, sumsName), lines.join(''));
  await flush(folder);
  return placed;
}

/** What an export that was killed left half-written under a name of its own. */
function removeDrafts(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (isDraft(name)) rmSync(join(folder, name), { force: true });
}

/** A folder, and those in it, unless there is anything in them. */
function removeEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function writeText(path: string, text: string): void {
  try {
    writeAtomically(path, text, 0o644);
  } catch (error) {
    throw placeError(error, path);
  }
}

/** @throws NaniteError before anything is written */
function checkRoom(models: readonly StoredModel[], folder: string): void {
  if (!existsSync(folder)) {
    throw new NaniteError('no-folder', `there is no folder ${folder}`, {
      hint: 'is the stick mounted? the folder has to be there',
      status: 404,
    });
  }
  const { bavail, bsize } = statfsSync(folder);
  const largest = largestFile(folder);
  const files = models.flatMap(({ manifest }) =>
    manifest.files.map((file) => ({ ...file, to: join(folder, manifest.id, file.path) })),
  );
  const large = files.find(({ size }) => size > largest);
  if (large !== undefined) throw placeError(Object.assign(new Error('EFBIG'), { code: 'EFBIG' }), large.to);
  const missing = files.filter(({ to, size }) => statSync(to, { throwIfNoEntry: false })?.size !== size);
  const needed = missing.reduce((sum, { size }) => sum + size, 0);
  if (needed > bavail * bsize) {
    throw new NaniteError(
      'no-space',
      `${folder} has ${bavail * bsize} bytes free, but ${needed} are needed`,
      {
        status: 507,
      },
    );
  }
}

/** The sums in a folder by path; empty where there are none. @throws NaniteError `bad-store` */
function readSums(folder: string): Map<string, string> {
  const path = join(folder, sumsName);
  const sums = new Map<string, string>();
  if (!existsSync(path)) return sums;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match === null) throw new NaniteError('bad-store', `${path}: cannot read ${line}`, { status: 422 });
    sums.set(match[2] ?? '', match[1] ?? '');
  }
  return sums;
}

/**
 * The models of an export. Their manifests are checked against SHA256SUMS here, their files when they are taken in.
 *
 * @throws NaniteError `bad-store` 422 where something does not match, or is not named in SHA256SUMS
 */
export function scanExport(folder: string): FoundModel[] {
  const sums = readSums(folder);
  return readdirSync(folder).flatMap((id): FoundModel[] => {
    const path = join(folder, id, 'manifest.json');
    if (!existsSync(path)) return [];
    const checked = (name: string): string => {
      const bytes = readFileSync(join(folder, id, name));
      if (sums.get(join(id, name)) === createHash('sha256').update(bytes).digest('hex')) {
        return bytes.toString('utf8');
      }
      throw new NaniteError('bad-store', `${join(folder, id, name)} is not what ${sumsName} says`, {
        hint: 'export it again: the stick or the copy is damaged',
        status: 422,
      });
    };
    const manifest = ModelManifest.parse(JSON.parse(checked('manifest.json')));
    const record = ModelRecord.parse(JSON.parse(checked('record.json')));
    return [
      {
        name: manifest.name,
        source: manifest.source,
        files: manifest.files.map((file) => {
          const at = join(folder, id, file.path);
          // A manifest that points out of its folder is not one of ours.
          if (relative(join(folder, id), at).startsWith('..')) {
            throw new NaniteError('bad-store', `${path} names a file outside its folder`, { status: 422 });
          }
          return { role: file.role, name: file.path, path: at, size: file.size, sha256: file.sha256 };
        }),
        texts: {
          parameters: manifest.parameters,
          ...(manifest.system !== null && { system: manifest.system }),
          ...(record.licenceText !== null && { license: record.licenceText }),
          ...(record.goTemplate !== null && { template: record.goTemplate }),
          ...(record.messages.length > 0 && { messages: record.messages }),
        },
      },
    ];
  });
}
