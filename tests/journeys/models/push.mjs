// push.mjs FILE REPOSITORY TAG: put weights into the registry on this machine's port 5000, as `ollama push` would.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [file, repository, tag] = process.argv.slice(2);
const at = `http://127.0.0.1:5000/v2/${repository}`;

async function blob(content) {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const { headers } = await fetch(`${at}/blobs/uploads/`, { method: 'POST' });
  const to = new URL(headers.get('location'), at);
  to.searchParams.set('digest', digest);
  const put = await fetch(to, {
    method: 'PUT',
    body: content,
    headers: { 'content-type': 'application/octet-stream' },
  });
  if (put.status !== 201) throw new Error(`${put.status} ${await put.text()}`);
  return { digest, size: Buffer.byteLength(content) };
}

async function main() {
  const layer = async (kind, content) => ({
    mediaType: `application/vnd.ollama.image.${kind}`,
    ...(await blob(content)),
  });
  const layers = [
    await layer('model', readFileSync(file)),
    await layer('license', 'THE LICENCE OF TINY'),
    await layer('params', '{"temperature":0}'),
  ];
  const config = {
    mediaType: 'application/vnd.docker.container.image.v1+json',
    ...(await blob('{"model_format":"gguf"}')),
  };
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const put = await fetch(`${at}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers }),
  });
  if (put.status !== 201) throw new Error(`${put.status} ${await put.text()}`);
}

main();
