import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { z } from 'zod';
import type { FoundFile, FoundModel } from './found';
import { filesBelow } from './loose';

/** A manifest as Ollama keeps it in manifests/<host>/<namespace>/<model>/<tag>: an OCI image manifest. */
const Manifest = z.object({
  layers: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
      size: z.number().int().nonnegative(),
    }),
  ),
});

const prefix = 'application/vnd.ollama.image.';
const roles: Record<string, FoundFile['role']> = {
  model: 'weights',
  projector: 'projector',
  adapter: 'adapter',
};

/** Ollama's own names for the registry and namespace that people leave out. */
const plainName = (name: string): string => name.replace(/^registry\.ollama\.ai\/(library\/)?/, '');

const Parameters = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.array(z.string())]));
const Messages = z.array(z.strictObject({ role: z.string(), content: z.string() }));

/** Texts of Ollama's are kilobytes; a licence may be long. */
const longestText = 4 * 1024 * 1024;

/**
 * The models in an Ollama store: ~/.ollama/models, /usr/share/ollama/.ollama/models, or where OLLAMA_MODELS points.
 *
 * @throws NaniteError `bad-store` where a manifest is none
 */
export function scanOllama(root: string): FoundModel[] {
  const manifests = join(root, 'manifests');
  return filesBelow(manifests, /./).flatMap((path) => {
    const parts = relative(manifests, path).split(sep);
    if (parts.length < 3) return [];
    const name = `${parts.slice(0, -1).join('/')}:${parts.at(-1)}`;
    return [readModel(root, path, name)].filter((model) => model !== null);
  });
}

function readModel(root: string, path: string, name: string): FoundModel | null {
  let manifest: z.infer<typeof Manifest>;
  try {
    manifest = Manifest.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new NaniteError('bad-store', `${path} is not an Ollama manifest`, { status: 422, cause });
  }
  const blob = (digest: string): string => join(root, 'blobs', digest.replace(':', '-'));
  const files: FoundFile[] = [];
  const texts: FoundModel['texts'] = {};
  const licences: string[] = [];
  for (const { mediaType, digest, size } of manifest.layers) {
    const kind = mediaType.startsWith(prefix) ? mediaType.slice(prefix.length) : '';
    const role = roles[kind];
    // A pull that was cut off: its manifest is not written, but its blobs may be removed later.
    if (!existsSync(blob(digest))) return null;
    if (role !== undefined) {
      const sha256 = digest.slice('sha256:'.length);
      files.push({ role, name: `${role}-${sha256.slice(0, 12)}.gguf`, path: blob(digest), size, sha256 });
      continue;
    }
    if (size > longestText || statSync(blob(digest)).size > longestText) continue;
    const text = readFileSync(blob(digest), 'utf8');
    if (kind === 'template' || kind === 'prompt') texts.template = text;
    else if (kind === 'system') texts.system = text;
    else if (kind === 'license') licences.push(text);
    else if (kind === 'params') texts.parameters = parse(Parameters, text, path);
    else if (kind === 'messages') texts.messages = parse(Messages, text, path);
  }
  if (!files.some(({ role }) => role === 'weights')) return null;
  if (licences.length > 0) texts.license = licences;
  return { name: plainName(name), source: `ollama://${name}`, files, texts };
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new NaniteError('bad-store', `${path} names parameters or messages that cannot be read`, {
      status: 422,
      cause,
    });
  }
}
