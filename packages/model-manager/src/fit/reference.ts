import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInCatalogue, type CatalogueModel, type FitAnswer, type FitRequest } from '@nanite/contracts';
import {
  bytesOfFiles,
  llamaBase,
  llamaUse,
  needFromFit,
  onnxNeed,
  unknownVocabulary,
} from '@nanite/planning';
import { NaniteError } from '@nanite/kit';
import type { GateFacts } from '../gate/gate';
import { splitName } from '../gate/together';
import type { Puller } from '../pull';
import { parseReference } from '../references/reference';
import { readCatalogue } from '../sources/catalogue';
import type { ResolvedModel } from '../sources/resolved';
import type { Bandwidth } from './bandwidth';
import { fitHere, inOrder, type Candidate } from './fit';
import { hollowCopy } from './header';
import { askLlama } from './llama';
import { llamaFolder } from './places';
import { thisMachine } from './machine';

/** Milliseconds that a source may take to answer where the catalogue knows enough without it. */
const sourceLimit = 8_000;

/**
 * Whether, and how, what a reference means runs here, before a byte of its weights is fetched: by llama.cpp's own
 * reckoning over its header, and by the catalogue for its other quantisations.
 *
 * @throws NaniteError whatever the source throws, where the catalogue does not know the model either
 */
export async function fitReference(
  puller: Puller,
  request: FitRequest,
  bandwidth: Bandwidth,
  signal: AbortSignal,
): Promise<FitAnswer> {
  const here = thisMachine(await bandwidth.measure());
  const listed = inCatalogue(request.reference);
  const candidates: Candidate[] = [];
  let name = listed?.name ?? request.reference;
  try {
    const { resolved, name: resolvedName } = await puller.resolve(
      { ...request, name: null },
      {
        signal: listed ? AbortSignal.any([signal, AbortSignal.timeout(sourceLimit)]) : signal,
        report: () => undefined,
      },
    );
    name = resolvedName;
    candidates.push(await fromHeader(puller, resolved, here.cache, request.insecure, signal));
  } catch (error) {
    signal.throwIfAborted();
    // Offline the catalogue is what there is; a file that the gate refuses will not run, whatever the catalogue says.
    if (!listed || (error instanceof NaniteError && error.code === 'refused-model')) throw error;
  }
  for (const candidate of listed ? fromCatalogue(listed) : []) {
    if (!candidates.some(({ quantisation }) => quantisation === candidate.quantisation))
      candidates.push(candidate);
  }
  return {
    reference: request.reference,
    name,
    fits: inOrder(candidates.map((candidate) => fitHere(candidate, here))),
  };
}

function inCatalogue(reference: string): CatalogueModel | null {
  const parsed = parseReference(reference);
  if (parsed.kind !== 'catalogue') return null;
  return findInCatalogue(readCatalogue(), parsed.name, parsed.tag)?.model ?? null;
}

function fromCatalogue({ variants, contextLength }: CatalogueModel): Candidate[] {
  return variants.flatMap(({ memory, quantisation, format }) =>
    memory === null || (format !== 'gguf' && format !== 'onnx')
      ? []
      : [
          {
            quantisation,
            format,
            need: {
              weights: memory.weightsBytes,
              weightsOnCpu: memory.weightsBytes,
              working: (context: number, slots: number) => slots * context * memory.kvBytesPerToken,
              base: llamaBase + unknownVocabulary,
              passing: 0,
            },
            contextLength: contextLength ?? 4096,
            activeShare: 1,
            basis: 'catalogue' as const,
          },
        ],
  );
}

async function fromHeader(
  puller: Puller,
  { files, hints }: ResolvedModel,
  cache: string,
  insecure: boolean,
  signal: AbortSignal,
): Promise<Candidate> {
  const weights = files.filter(({ role }) => role === 'weights');
  const bytes = bytesOfFiles(files);
  const onnx = weights.find(({ name }) => name.endsWith('.onnx'));
  if (onnx) {
    // Its structure lies around its weights: only a file that is here can be looked into without fetching it whole.
    const facts = onnx.path === undefined ? null : await puller.tools.inspect(onnx.path, { signal });
    return {
      quantisation: facts?.quantisation ?? 'unknown',
      format: 'onnx',
      need: onnxNeed({
        weightsBytes: bytes.weights,
        embeddingLength: facts?.embeddingLength ?? wideEmbedding,
      }),
      contextLength: hints.contextLength ?? facts?.contextLength ?? 512,
      activeShare: 1,
      basis: 'header',
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'nanite-fit-'));
  try {
    const copies: Array<{ path: string; facts: GateFacts }> = [];
    for (const [at, file] of weights.entries()) {
      const name = weights.length > 1 ? splitName('model', at, weights.length) : 'model.gguf';
      const path = join(folder, name);
      copies.push({ path, facts: await hollowCopy(file, path, puller.tools.inspect, { insecure, signal }) });
    }
    const first = copies[0];
    if (!first)
      throw new NaniteError('unsupported', 'this model has no weights that an engine of Nanite runs');
    const { quantisation, contextLength, expertShare, capabilities } = first.facts;
    const common = { quantisation, format: 'gguf' as const, contextLength, activeShare: expertShare ?? 1 };
    const llama = llamaFolder();
    if (llama === null) {
      const all = bytes.weights + bytes.besides;
      const base = llamaBase + unknownVocabulary;
      const need = { weights: all, weightsOnCpu: all, working: () => 0, base, passing: 0 };
      return { ...common, need, basis: 'header' };
    }
    const use = llamaUse(capabilities);
    const senses = files.find(({ role }) => role === 'projector');
    const projector = join(folder, 'projector.gguf');
    if (senses) await hollowCopy(senses, projector, puller.tools.inspect, { insecure, signal });
    const asking = { weights: first.path, ...(senses && { projector }), contextLength, use, cache, signal };
    const samples = await askLlama(llama, asking);
    return { ...common, need: needFromFit(...samples, bytes, use), basis: 'llama.cpp' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Components of the embeddings of a large model: nobody is promised too little where nothing is known. */
const wideEmbedding = 1024;
