import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { listFiles, modelInfo } from '@huggingface/hub';
import type { CatalogueFile } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { readHeader, type HeaderFacts } from './header';

/** What a source tells of itself: nothing here is typed by hand. */
export interface SourceFacts {
  source: string;
  homepage: string | null;
  gated: boolean;
  files: CatalogueFile[];
  header: HeaderFacts | null;
}

/** Enough of a GGUF file for its metadata, the vocabulary included. */
const headerBytes = 48 * 2 ** 20;

/** @throws NaniteError `bad-gguf` where the file is none */
export async function factsOfFile(path: string): Promise<SourceFacts> {
  const header = readHeader(path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return {
    source: path,
    homepage: null,
    gated: false,
    files: [
      {
        role: 'weights',
        name: basename(path),
        size: statSync(path).size,
        sha256: hash.digest('hex'),
        digestFrom: 'computed here from the file',
      },
    ],
    header,
  };
}

const form = /^hf:\/\/(?<repository>[\w.-]+\/[\w.-]+)(?:@(?<revision>[\w./-]+))?(?::(?<what>.+))?$/;

/**
 * Ask Hugging Face: the digests are those of its large-file storage, the revision is pinned to a commit.
 *
 * @param what a file's path, or a quantisation that exactly one model in the repository has
 * @param hubUrl another address, for tests
 * @throws NaniteError `bad-reference`, `not-there`
 */
export async function factsOfHub(reference: string, hubUrl?: string): Promise<SourceFacts> {
  const match = form.exec(reference)?.groups;
  const { repository, what } = match ?? {};
  if (repository === undefined || what === undefined) {
    throw new NaniteError('bad-reference', `${reference} is not hf://owner/repository:file`, {
      hint: 'name a file of the repository, or a quantisation such as Q4_K_M',
    });
  }
  const at = hubUrl === undefined ? {} : { hubUrl };
  const info = await modelInfo({
    name: repository,
    ...at,
    ...(match?.['revision'] !== undefined && { revision: match['revision'] }),
    additionalFields: ['sha'],
  });
  const files: CatalogueFile[] = [];
  for await (const file of listFiles({ repo: repository, revision: info.sha, recursive: true, ...at })) {
    const isMeant =
      file.path === what ||
      (file.path.endsWith('.gguf') && file.path.toLowerCase().includes(what.toLowerCase()));
    if (file.type !== 'file' || !isMeant) continue;
    files.push({
      role: 'weights',
      name: file.path,
      size: file.lfs?.size ?? file.size,
      sha256: file.lfs?.oid ?? null,
      digestFrom: file.lfs === undefined ? null : `https://huggingface.co/${repository} at ${info.sha}`,
    });
  }
  const [first] = files;
  if (first?.name == null)
    throw new NaniteError('not-there', `${repository} has no file that matches ${what}`);
  return {
    source: `hf://${repository}@${info.sha}:${files.length === 1 ? first.name : what}`,
    homepage: `https://huggingface.co/${repository}`,
    gated: info.gated !== false,
    files,
    header: first.name.endsWith('.gguf')
      ? await remoteHeader(
          `${hubUrl ?? 'https://huggingface.co'}/${repository}/resolve/${info.sha}/${first.name}`,
        )
      : null,
  };
}

async function remoteHeader(url: string): Promise<HeaderFacts | null> {
  const answer = await fetch(url, { headers: { range: `bytes=0-${headerBytes - 1}` } });
  if (!answer.ok) return null;
  const folder = mkdtempSync(join(tmpdir(), 'nanite-catalogue-'));
  try {
    const path = join(folder, 'header');
    writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
    return readHeader(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
