import { ModelName, type ProgressEvent, type PullRequest, type StoredModel } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import type { ResolvedFile, ResolvedModel } from '../sources/resolved';
import { fullName, type Store } from '../store';
import { Fetches } from './fetches';
import { manifestOf, type CheckedFile } from './manifest';
import { Meter } from './meter';
import { checkTogether } from '../gate/together';
import { translateGoTemplate } from '../modelfile/go-template';
import { isJinja } from './template';
import type { FetchSettings, PullTools } from './tools';
import { storeText } from './text-blob';

export type Report = (event: ProgressEvent) => void;

export interface Asked {
  signal: AbortSignal;
  report: Report;
  /** Of the user who asks. */
  uid: number;
}

/** Files that the gate looks into; the others are text for the engine, and small. */
const weighty = new Set(['weights', 'projector', 'adapter']);

/** Bytes beyond which a file of text (a tokenizer, a licence) is refused. */
const mostTextBytes = 256 * 1024 * 1024;

/** Gets models: what is meant, whether there is room, the bytes, the gate, the manifest. */
export class Puller {
  readonly fetches: Fetches;

  constructor(
    readonly store: Store,
    readonly tools: PullTools,
    settings: FetchSettings,
  ) {
    this.fetches = new Fetches(store, tools.fetchFile, settings);
  }

  /**
   * @throws NaniteError `bad-reference`, `name-taken`, `no-space`, `over-quota`, `digest-mismatch`, `refused-model`, and what
   *   the source throws
   */
  async pull(request: PullRequest, asked: Asked): Promise<StoredModel> {
    const { resolved, name } = await this.resolve(request, asked);
    const here = this.#alreadyHere(name, resolved);
    if (here !== null) return here;
    const { manifest, record, release } = await this.fetch(request, resolved, name, asked);
    try {
      asked.report({ status: 'writing manifest' });
      return this.store.put(manifest, record);
    } finally {
      release();
    }
  }

  /** What a reference means, and the name it will have. */
  async resolve(
    request: Pick<PullRequest, 'reference' | 'name' | 'insecure' | 'token'>,
    asked: Pick<Asked, 'signal' | 'report'>,
  ): Promise<{ resolved: ResolvedModel; name: string }> {
    const { parseReference, resolve } = this.tools;
    asked.report({ status: 'pulling manifest' });
    const resolved = await resolve(parseReference(request.reference), {
      insecure: request.insecure,
      signal: asked.signal,
      token: request.token ?? undefined,
      say: (status) => asked.report({ status }),
    });
    const name = ModelName.safeParse(fullName(request.name ?? resolved.name));
    if (!name.success) {
      throw new NaniteError('bad-name', `${resolved.name} cannot be the name of a model`, {
        status: 400,
        hint: 'give it one: nanite models pull --name NAME …',
      });
    }
    return { resolved, name: name.data };
  }

  /**
   * Get every file of a model and let the gate look at it; nothing is made current.
   *
   * @returns `release` ends the protection of its blobs: call it when the manifest is in its place
   */
  async fetch(
    request: Pick<PullRequest, 'reference' | 'insecure'>,
    resolved: ResolvedModel,
    name: string,
    asked: Asked,
  ) {
    const releases = [this.store.hold(digestsOf(resolved))];
    const release = () => releases.forEach((each) => each());
    const checked: CheckedFile[] = [];
    try {
      this.#checkRoom(resolved);
      const meter = new Meter();
      for (const file of resolved.files) meter.expect(file.name, file.size);
      for (const file of resolved.files) {
        const { sha256, size } = await this.#file(file, resolved.source, meter, asked);
        releases.push(this.store.hold([sha256]));
        checked.push({ role: file.role, name: file.name, sha256, size, facts: null });
      }
      asked.report({ status: 'verifying sha256 digest' });
      await this.check(checked, asked.signal);
      const { template } = resolved.hints;
      const jinja = template === undefined ? null : jinjaOf(template, checked);
      if (jinja !== null && !checked.some(({ role }) => role === 'template')) {
        const blob = await storeText(this.store, jinja);
        releases.push(this.store.hold([blob.sha256]));
        checked.push({ role: 'template', name: 'chat_template.jinja', ...blob, facts: null });
      }
      const manifest = manifestOf(this.store.idFor(name), name, checked, resolved);
      const before = this.store.lookUp(name);
      const record = {
        schema: 1 as const,
        reference: request.reference,
        trust: resolved.trust,
        insecure: request.insecure,
        pinned: before?.origin === 'store' && before.manifest.name === name && before.record.pinned,
        lineage: [],
        licenceText: resolved.hints.licenceText ?? null,
        goTemplate: template !== undefined && !isJinja(template) ? template : null,
        messages: resolved.hints.messages ?? [],
        uid: asked.uid,
      };
      return { manifest, record, release };
    } catch (error) {
      release();
      // What the gate refuses will be refused again; what was merely cut off will be wanted again.
      if (error instanceof NaniteError && error.code === 'refused-model') {
        this.store.discard(checked.map(({ sha256 }) => sha256));
      }
      throw error;
    }
  }

  /** Let the gate look at files that are blobs; fills in their facts. @throws NaniteError `refused-model` 422 */
  async check(files: CheckedFile[], signal: AbortSignal): Promise<void> {
    for (const file of files) {
      if (weighty.has(file.role)) {
        file.facts = await this.tools.inspect(this.store.blobs.path(file.sha256), { signal });
      } else if (file.size > mostTextBytes) {
        throw new NaniteError('refused-model', `${file.name} is too large for what it says it is`, {
          status: 422,
        });
      }
    }
    checkTogether(files);
  }

  async #file(file: ResolvedFile, source: string, meter: Meter, asked: Asked) {
    const key = this.fetches.keyOf(file, source);
    const what = {
      status: `pulling ${file.sha256?.slice(0, 12) ?? file.name}`,
      ...(file.sha256 !== null && { digest: `sha256:${file.sha256}` }),
    };
    let begun = false;
    let reported = -Infinity;
    const onProgress = (done: number, total: number | null) => {
      if (!begun) meter.begin(file.name, done);
      begun = true;
      const now = performance.now();
      const speed = meter.update(file.name, done, total);
      if (now - reported < 100 && done !== total) return;
      reported = now;
      asked.report({ ...what, ...(total !== null && { total }), completed: done, ...speed });
    };
    const fetched = await this.fetches.get(key, file, onProgress, asked.signal);
    onProgress(fetched.size, fetched.size);
    return fetched;
  }

  /** Before the first byte: room for everything that is not here yet. */
  #checkRoom({ files, source }: ResolvedModel): void {
    const needed = files
      .filter((file) => file.sha256 === null || !this.store.blobs.has(file.sha256))
      .reduce((sum, file) => {
        const present = this.fetches.present(this.fetches.keyOf(file, source));
        return sum + Math.max(0, (file.size ?? 0) - present);
      }, 0);
    this.store.space.reserve(needed).release();
  }

  /** The model, where it is here under this name with the same bytes. @throws NaniteError `name-taken` 409 */
  #alreadyHere(name: string, resolved: ResolvedModel): StoredModel | null {
    const here = this.store
      .list()
      .find(
        (model) => model.manifest.name.toLowerCase() === name.toLowerCase() && model.missing.length === 0,
      );
    if (here === undefined) return null;
    const wanted = digestsOf(resolved);
    const has = new Set(here.manifest.files.map((file) => file.sha256));
    const same = wanted.length === resolved.files.length && wanted.every((digest) => has.has(digest));
    if (here.origin === 'package') {
      if (same) return here;
      throw new NaniteError('name-taken', `${name} is already installed, from a Debian package`, {
        status: 409,
        hint: `pull it under another name (--name), or remove the package: dpkg -S ${here.path}`,
      });
    }
    // Also what the source says around the bytes may be new: a template, a licence. That is cheap to write again.
    return null;
  }
}

/** The template for llama.cpp; null where the one in the weights is better than what the source gives. */
function jinjaOf(template: string, files: readonly CheckedFile[]): string | null {
  if (isJinja(template)) return template;
  // What the weights carry knows tools and thoughts; Ollama's is for models that carry none.
  if (files.some(({ facts }) => facts?.chatTemplate)) return null;
  return translateGoTemplate(template);
}

const digestsOf = ({ files }: ResolvedModel): string[] =>
  files.map((file) => file.sha256).filter((digest) => digest !== null);
