import { createHash } from 'node:crypto';
import { ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { z } from 'zod';
import { ollamaRegistry, type OciReference } from '../references/reference';
import { refusalOf, roleOf, uniqueNames } from './file-role';
import { RegistrySession } from './registry-session';
import type { ResolvedFile, ResolvedModel } from './resolved';

const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a sha256 digest'),
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional(),
});
type Descriptor = z.infer<typeof Descriptor>;

const ImageManifest = z.object({ schemaVersion: z.literal(2), layers: z.array(Descriptor).max(4096) });
const ImageIndex = z.object({
  schemaVersion: z.literal(2),
  manifests: z
    .array(Descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }))
    .min(1),
});

const accept = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** The distribution spec's limit for a manifest. */
const manifestLimit = 4 * 2 ** 20;
/** Far more than any licence, template or list of messages has. */
const textLimit = 4 * 2 ** 20;

const ollama = 'application/vnd.ollama.image.';
/** What ModelPack (CNCF) and ORAS name a layer's file. */
const titles = ['org.opencontainers.image.title', 'org.cncf.model.filepath'];

const Parameters = ModelManifest.shape.parameters;
const Messages = z.array(z.object({ role: z.string(), content: z.string() }));

/**
 * A model from a registry: Ollama's layers by their media types, and other OCI artifacts (ORAS, Docker Model Runner,
 * ModelPack) by theirs or by the names of their files.
 *
 * @throws NaniteError `model-not-found` 404, `no-weights`, `refused-format` 422, `source-refused`,
 *   `source-unreachable` 502, the guard's refusals 403
 */
export async function resolveOci(
  reference: OciReference,
  options: { insecure: boolean; signal: AbortSignal },
): Promise<ResolvedModel> {
  const session = await RegistrySession.open(reference, options);
  const { digest, layers } = await fetchManifest(session, reference);
  const files: ResolvedFile[] = [];
  const hints: ResolvedModel['hints'] = {};
  const licences: string[] = [];
  const refusals: string[] = [];
  const text = async (layer: Descriptor): Promise<string> =>
    (await session.blob(layer.digest.slice(7), textLimit)).toString('utf8');

  for (const layer of layers) {
    const sha256 = layer.digest.slice(7);
    const add = (role: ResolvedFile['role'], name: string): void => {
      files.push({ role, name, size: layer.size, sha256, locate: () => session.locate(sha256) });
    };
    const title = titles.map((key) => layer.annotations?.[key]).find((one) => one !== undefined);
    switch (layer.mediaType) {
      case `${ollama}model`:
        add('weights', 'model.gguf');
        break;
      case `${ollama}projector`:
        add('projector', 'projector.gguf');
        break;
      case `${ollama}adapter`:
        add('adapter', 'adapter.gguf');
        break;
      case `${ollama}template`:
      case `${ollama}prompt`:
        hints.template = await text(layer);
        break;
      case `${ollama}system`:
        hints.system = await text(layer);
        break;
      case `${ollama}params`:
        hints.parameters = parsed(Parameters, await text(layer), 'parameters');
        break;
      case `${ollama}messages`:
        hints.messages = parsed(Messages, await text(layer), 'messages');
        break;
      case `${ollama}license`:
      case 'application/vnd.docker.ai.license':
        licences.push(await text(layer));
        break;
      case 'application/vnd.docker.ai.chat.template.jinja':
        hints.template = await text(layer);
        break;
      case `${ollama}tensor`:
        refusals.push('its weights are single tensors in safetensors form, which no engine here runs');
        break;
      default: {
        const refusal = title === undefined ? null : refusalOf(title);
        const role = roleOfLayer(layer.mediaType, title);
        if (refusal !== null) refusals.push(`${title}: ${refusal}`);
        else if (role !== null) add(role, title ?? `${role === 'weights' ? 'model' : role}.gguf`);
      }
    }
  }
  if (licences.length > 0) hints.licenceText = licences.join('\n\n');
  const shown = nameOf(reference);
  if (!files.some(({ role }) => role === 'weights')) {
    throw refusals.length > 0
      ? new NaniteError('refused-format', `${shown} cannot run here: ${refusals[0]}`, {
          status: 422,
          hint: 'look for the same model as GGUF',
        })
      : new NaniteError('no-weights', `${shown} holds no weights that an engine here runs`, { status: 422 });
  }
  return {
    name: shown,
    source: `ollama://${reference.host}/${reference.repository}:${reference.tag}@sha256:${digest}`,
    pinned: true,
    trust: reference.digest !== null ? 'reference' : session.isEncrypted ? 'source' : 'first-use',
    files: uniqueNames(files),
    hints,
  };
}

function roleOfLayer(mediaType: string, title: string | undefined): ResolvedFile['role'] | null {
  if (mediaType.includes('mmproj')) return 'projector';
  if (mediaType.includes('gguf')) return mediaType.includes('lora') ? 'adapter' : 'weights';
  return title === undefined ? null : roleOf(title);
}

async function fetchManifest(
  session: RegistrySession,
  reference: OciReference,
): Promise<{ digest: string; layers: Descriptor[] }> {
  let wanted = reference.digest;
  // An index may point to a manifest, and no further.
  for (let depth = 0; depth < 2; depth++) {
    const which = wanted === null ? reference.tag : `sha256:${wanted}`;
    const { body } = await session.get('manifests', which, { accept, limit: manifestLimit });
    const digest = createHash('sha256').update(body).digest('hex');
    if (wanted !== null && digest !== wanted) {
      throw new NaniteError('digest-mismatch', `the manifest has sha256 ${digest} instead of ${wanted}`, {
        status: 422,
        hint: 'the registry, or something on the way, has altered it',
      });
    }
    const json = parsed(z.unknown(), body.toString('utf8'), 'manifest');
    const manifest = ImageManifest.safeParse(json);
    if (manifest.success) return { digest, layers: manifest.data.layers };
    const index = ImageIndex.safeParse(json);
    if (!index.success) {
      throw new NaniteError('bad-manifest', `${reference.host} gave a manifest that cannot be read`, {
        status: 502,
        cause: manifest.error,
      });
    }
    const { manifests } = index.data;
    const fits = manifests.find(({ platform }) => platform === undefined || platform.os === 'linux');
    wanted = (fits ?? manifests[0])?.digest.slice(7) ?? null;
  }
  throw new NaniteError('bad-manifest', `${reference.host} gave an index of indexes`, { status: 502 });
}

function parsed<T extends z.ZodType>(schema: T, text: string, what: string): z.infer<T> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new NaniteError('bad-manifest', `the registry's ${what} cannot be read`, {
      status: 502,
      cause: error,
    });
  }
}

/** As Ollama shows it: what is its registry's own goes unsaid. */
function nameOf({ host, repository, tag }: OciReference): string {
  // A name cannot hold the brackets of an IPv6 address.
  if (host !== ollamaRegistry)
    return host.startsWith('[') ? `${repository}:${tag}` : `${host}/${repository}:${tag}`;
  return `${repository.replace(/^library\//, '')}:${tag}`;
}
