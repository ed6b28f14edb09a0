import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { ModelManifest } from '@nanite/contracts';
import type * as Onnx from 'onnxruntime-common';
import { batches } from './batches';
import { pool, toUnitLength } from './pooling';
import { fitted } from './tokens';

export interface EmbedderOptions {
  manifest: ModelManifest;
  /** Folder of the manifest. */
  path: string;
  /** Tokens of an input at most. */
  context: number;
  threads: number;
  /** Whether threads wait for work by spinning: a little faster alone, much slower beside other programs. */
  spin: boolean;
  /** Folder whose node_modules holds onnxruntime-node. */
  runtime: string;
}

/** An embedding model: text to vectors, one batch at a time. */
export class Embedder {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly options: EmbedderOptions,
    private readonly onnx: typeof Onnx,
    private readonly session: Onnx.InferenceSession,
    private readonly tokenizer: Tokenizer,
  ) {}

  static async load(options: EmbedderOptions): Promise<Embedder> {
    // A native add-on with libraries beside it: it comes from a .deb of its own, not in our bundle.
    const onnx = createRequire(join(options.runtime, 'package.json'))('onnxruntime-node') as typeof Onnx;
    const file = (role: ModelManifest['files'][number]['role']) => {
      const found = options.manifest.files.find((candidate) => candidate.role === role);
      return found ? join(options.path, found.path) : null;
    };
    const weights = file('weights');
    const tokenizer = file('tokenizer');
    if (!weights || !tokenizer) throw new Error('error loading model: it has no weights or no tokenizer');
    const config = file('tokenizer-config');
    const session = await onnx.InferenceSession.create(weights, {
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Its arena keeps what the largest batch ever took, and rounds it up: 60 MB more for 0 to 2 % more speed.
      enableCpuMemArena: false,
      extra: { session: { intra_op: { allow_spinning: options.spin ? '1' : '0' } } },
    });
    return new Embedder(options, onnx, session, new Tokenizer(json(tokenizer), config ? json(config) : {}));
  }

  /** Token ids of a text, with the marks that the model expects at its ends if `special`. */
  tokenize(text: string, special: boolean): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: special }).ids;
  }

  detokenize(ids: number[]): string {
    return this.tokenizer.decode(ids, { skip_special_tokens: true });
  }

  /**
   * Vectors of texts or token ids, in their order, and the tokens that were computed.
   *
   * @param goesOn asked before each batch; false ends the work, the caller is gone
   * @throws TooManyTokens unless `truncate`
   */
  async embed(
    inputs: ReadonlyArray<string | readonly number[]>,
    truncate: boolean,
    goesOn: () => boolean,
  ): Promise<{ vectors: Float32Array[]; tokens: number }> {
    const { context } = this.options;
    const ids = inputs.map((input) =>
      fitted(typeof input === 'string' ? this.tokenize(input, true) : input, context, truncate),
    );
    const vectors = new Array<Float32Array>(ids.length);
    for (const group of batches(ids.map((list) => list.length))) {
      const turn = this.queue.then(() => (goesOn() ? this.run(group.map((at) => ids[at]!)) : null));
      this.queue = turn.catch(() => undefined);
      const results = await turn;
      if (!results) break;
      group.forEach((at, row) => (vectors[at] = results[row]!));
    }
    return { vectors, tokens: ids.reduce((sum, list) => sum + list.length, 0) };
  }

  private async run(batch: ReadonlyArray<readonly number[]>): Promise<Float32Array[]> {
    const tokens = Math.max(1, ...batch.map((ids) => ids.length));
    const shape = [batch.length, tokens];
    const ids = new BigInt64Array(batch.length * tokens);
    const mask = new BigInt64Array(batch.length * tokens);
    batch.forEach((list, row) =>
      list.forEach((id, column) => {
        ids[row * tokens + column] = BigInt(id);
        mask[row * tokens + column] = 1n;
      }),
    );
    const tensor = (data: BigInt64Array) => new this.onnx.Tensor('int64', data, shape);
    const feeds: Record<string, Onnx.Tensor> = {};
    for (const name of this.session.inputNames) {
      if (name === 'input_ids') feeds[name] = tensor(ids);
      else if (name === 'attention_mask') feeds[name] = tensor(mask);
      else if (name === 'token_type_ids') feeds[name] = tensor(new BigInt64Array(ids.length));
      else throw new Error(`the model wants an input that is not known: ${name}`);
    }
    const outputs = await this.session.run(feeds);
    return this.pooled(outputs, batch);
  }

  private pooled(
    outputs: Onnx.InferenceSession.OnnxValueMapType,
    batch: ReadonlyArray<readonly number[]>,
  ): Float32Array[] {
    const { manifest } = this.options;
    const ready = outputs['sentence_embedding'];
    if (ready) {
      const data = ready.data as Float32Array;
      const components = data.length / batch.length;
      return batch.map((_, row) => {
        const vector = data.slice(row * components, (row + 1) * components);
        return manifest.normalise ? toUnitLength(vector) : vector;
      });
    }
    const hidden = outputs['last_hidden_state'] ?? outputs[this.session.outputNames[0] ?? ''];
    if (!hidden || hidden.dims.length !== 3) throw new Error('the model gives no embeddings');
    const [, tokens = 1, components = 0] = hidden.dims;
    return batch.map((ids, row) =>
      pool(
        hidden.data as Float32Array,
        row,
        tokens,
        ids.length,
        components,
        manifest.pooling ?? 'mean',
        manifest.normalise,
      ),
    );
  }
}

const json = (path: string): object => JSON.parse(readFileSync(path, 'utf8')) as object;
