import { NaniteError } from '@nanite/kit';

/** What a person wrote to name a model, taken apart; nothing has been asked of any source yet. */
export type Reference =
  /** `llama3.1:8b`: the catalogue, and where it has no such name the Ollama registry's library. */
  | { kind: 'catalogue'; name: string; tag: string | null }
  /** `ollama://…`, `host:port/namespace/name:tag`: a manifest and its blobs in an OCI registry. */
  | {
      kind: 'oci';
      scheme: 'http' | 'https';
      host: string;
      repository: string;
      tag: string;
      /** 64 hexadecimal digits of the manifest, which then wins over the tag. */
      digest: string | null;
    }
  | {
      kind: 'huggingface';
      repository: string;
      revision: string | null;
      file: string | null;
      quantisation: string | null;
    }
  | { kind: 'url'; url: string; sha256: string | null }
  | { kind: 'path'; path: string };

export type OciReference = Extract<Reference, { kind: 'oci' }>;
export type HuggingFaceReference = Extract<Reference, { kind: 'huggingface' }>;

/** The registry that a name without a host means, as in Ollama. */
export const ollamaRegistry = 'registry.ollama.ai';

export const defaultTag = 'latest';

const examples =
  'write llama3.1:8b, ollama://host/namespace/name:tag, hf://org/repo:Q4_K_M, https://…#sha256=…, or the whole path of a file';

function bad(text: string, why: string, hint = examples): NaniteError {
  return new NaniteError('bad-reference', `cannot read the model reference ${JSON.stringify(text)}: ${why}`, {
    status: 400,
    hint,
  });
}

const part = /^[A-Za-z0-9_][\w.-]{0,254}$/;
const tagForm = /^[\w][\w.-]{0,127}$/;
/** A host name or an address, IPv6 in brackets, with a port or without. */
const hostForm = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const sha256Form = /^[0-9a-f]{64}$/;
const huggingFaceHosts = new Set(['hf.co', 'huggingface.co', 'www.huggingface.co']);
const modelFile = /\.(?:gguf|onnx|onnx_data|safetensors|bin|pt|pth|ckpt|json|model|zip|tar|h5|pb)$/i;

/**
 * Parse what people write for a model.
 *
 * The forms are those of Ollama (`name:tag`, `host:port/namespace/name:tag`, `http://host/namespace/name:tag`,
 * `hf.co/org/repo:Q4_K_M`), of llama.cpp and huggingface_hub (`org/repo` and a quantisation or a file), and URLs.
 *
 * @throws NaniteError `bad-reference` (400), with a hint
 */
export function parseReference(text: string): Reference {
  const written = text.trim();
  if (written === '') throw bad(text, 'it is empty');
  if (written.length > 2048) throw bad(`${written.slice(0, 40)}…`, 'it is longer than 2,048 characters');

  if (/[\u0000-\u001f\u007f]/.test(written)) throw bad(text, 'it holds a control character');

  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(written)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? written : written.slice(scheme.length + 3);
  switch (scheme) {
    case 'ollama':
    case 'oci':
      return parseRegistryName(text, rest, 'https', scheme === 'ollama');
    case 'hf':
    case 'huggingface':
      return parseHuggingFace(text, rest);
    case 'http':
    case 'https':
      return parseUrl(text, written);
    case 'file':
      return { kind: 'path', path: filePath(text, written) };
    case undefined:
      break;
    default:
      throw bad(text, `${scheme}:// is not supported`);
  }

  if (/^\.{0,2}\//.test(written) || written === '.' || written === '..')
    return { kind: 'path', path: written };
  if (written.startsWith('~')) {
    throw bad(text, '~ is for the shell to expand', 'write the whole path, such as /home/you/model.gguf');
  }
  const [first = '', ...others] = written.split('/');
  if (others.length > 0 && huggingFaceHosts.has(first.toLowerCase())) {
    return parseHuggingFace(text, written.slice(first.length + 1));
  }
  if (others.length === 0) {
    if (modelFile.test(written)) {
      throw bad(text, 'it looks like a file', `write ./${written} for a file in this folder`);
    }
    const { name, tag, digest } = splitTag(text, written);
    if (digest === null) return { kind: 'catalogue', name, tag };
  }
  return parseRegistryName(text, written, 'https', true);
}

function filePath(text: string, url: string): string {
  let path: string;
  try {
    const parsed = new URL(url);
    if (parsed.host !== '' && parsed.host !== 'localhost') throw bad(text, 'the file is on another machine');
    path = decodeURIComponent(parsed.pathname);
  } catch (error) {
    if (error instanceof NaniteError) throw error;
    throw bad(text, 'the file URL is not valid');
  }
  if (path.includes('\0')) throw bad(text, 'it holds a control character');
  return path;
}

function splitTag(
  text: string,
  written: string,
): { name: string; tag: string | null; digest: string | null } {
  let name = written;
  let digest: string | null = null;
  const at = name.indexOf('@');
  if (at >= 0) {
    const algorithm = name.slice(at + 1).toLowerCase();
    if (!algorithm.startsWith('sha256:') || !sha256Form.test(algorithm.slice(7))) {
      throw bad(text, 'after @ comes sha256: and 64 hexadecimal digits');
    }
    digest = algorithm.slice(7);
    name = name.slice(0, at);
  }
  let tag: string | null = null;
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) {
    tag = name.slice(colon + 1);
    name = name.slice(0, colon);
    if (!tagForm.test(tag)) throw bad(text, `${JSON.stringify(tag)} is not a valid tag`);
  }
  if (!name.split('/').every((one, index) => part.test(one) || (index === 0 && hostForm.test(one)))) {
    throw bad(text, `${JSON.stringify(name)} is not a valid name`);
  }
  return { name, tag, digest };
}

/** Whether the first of several parts is a host rather than a namespace. */
const isHost = (first: string): boolean =>
  first.includes('.') || first.includes(':') || first === 'localhost';

function parseRegistryName(
  text: string,
  rest: string,
  scheme: 'http' | 'https',
  ollamaByDefault: boolean,
): OciReference {
  const { name, tag, digest } = splitTag(text, rest);
  const parts = name.split('/');
  let host: string = ollamaRegistry;
  const [first = ''] = parts;
  // Three parts begin with a host, as Ollama reads them; two do where the first cannot be a namespace.
  if (parts.length >= 3 || (parts.length === 2 && isHost(first)) || (!ollamaByDefault && parts.length > 1)) {
    if (!hostForm.test(first)) throw bad(text, `${JSON.stringify(first)} is not a valid host name`);
    host = first.toLowerCase();
    parts.shift();
  } else if (!ollamaByDefault) {
    throw bad(text, 'a host is missing', 'write oci://host:port/namespace/name:tag');
  }
  if (!parts.every((one) => part.test(one)))
    throw bad(text, `${JSON.stringify(parts.join('/'))} is not a valid name`);
  if (host === ollamaRegistry && parts.length === 1) parts.unshift('library');
  return { kind: 'oci', scheme, host, repository: parts.join('/'), tag: tag ?? defaultTag, digest };
}

/** `org/repo[@revision][:file|:quantisation]` */
function parseHuggingFace(text: string, rest: string): HuggingFaceReference {
  const found = /^([^/@:\s]+\/[^/@:\s]+)(?:@([^:\s]+))?(?::(\S+))?$/.exec(rest);
  const repository = found?.[1];
  if (repository === undefined || !repository.split('/').every((one) => part.test(one))) {
    throw bad(
      text,
      'a Hugging Face model is org/repo',
      'write hf://org/repo, hf://org/repo:Q4_K_M or hf://org/repo@revision:file.gguf',
    );
  }
  const revision = found?.[2] ?? null;
  if (revision !== null && !/^[\w][\w./-]*$/.test(revision)) throw bad(text, 'the revision is not valid');
  const what = found?.[3] ?? null;
  const file = what !== null && (what.includes('/') || modelFile.test(what)) ? what : null;
  if (file?.split('/').some((one) => one === '' || one === '.' || one === '..')) {
    throw bad(text, `${JSON.stringify(file)} is not a file of a repository`);
  }
  // Ollama's names for a repository's newest state say nothing about a quantisation.
  const quantisation = what === null || file !== null || what === defaultTag ? null : what;
  if (quantisation !== null && !tagForm.test(quantisation)) throw bad(text, 'the quantisation is not valid');
  return { kind: 'huggingface', repository, revision, file, quantisation };
}

function parseUrl(text: string, written: string): Reference {
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    throw bad(text, 'the URL is not valid');
  }
  if (url.username !== '' || url.password !== '') {
    throw bad(text, 'a password in a URL would end up in logs and in the list of models');
  }
  const segments = url.pathname.split('/').filter((one) => one !== '');
  const last = segments.at(-1);
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  if (huggingFaceHosts.has(url.hostname)) {
    const [org, repo, verb, revision, ...file] = segments.map(decodeURIComponent);
    if (org !== undefined && repo !== undefined) {
      const inFile = (verb === 'resolve' || verb === 'blob') && file.length > 0;
      return parseHuggingFace(
        text,
        `${org}/${repo}${inFile || verb === 'tree' ? `@${revision}` : ''}${inFile ? `:${file.join('/')}` : ''}`,
      );
    }
  }
  // A tag in the last part is how Ollama's API names a registry that speaks plain HTTP.
  if (segments.length >= 2 && url.search === '' && last !== undefined && /^[\w.-]+:[\w.-]+$/.test(last)) {
    return parseRegistryName(text, `${url.host}/${segments.join('/')}`, scheme, false);
  }
  if (last === undefined) throw bad(text, 'the URL does not name a file');
  const fragment = new URLSearchParams(url.hash.slice(1));
  const digest = fragment.get('sha256')?.toLowerCase() ?? null;
  if (digest !== null && !sha256Form.test(digest)) {
    throw bad(text, 'after #sha256= come 64 hexadecimal digits');
  }
  if (url.hash !== '' && digest === null) {
    throw bad(text, 'the part after # is not a digest', 'write https://…#sha256= and 64 hexadecimal digits');
  }
  url.hash = '';
  return { kind: 'url', url: url.href, sha256: digest };
}
