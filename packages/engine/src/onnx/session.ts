import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { ModelManifest } from '@nanite/contracts';
import type * as Onnx from 'onnxruntime-common';

export interface SessionOptions {
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

/** Token ids of one input; which text each belongs to, where the input is a pair. */
export interface Input {
  ids: readonly number[];
  types?: readonly number[];
}

export type Outputs = Onnx.InferenceSession.OnnxValueMapType;

/** A model that reads tokens, and its tokenizer; it computes one batch at a time. */
export class OnnxSession {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly options: SessionOptions,
    readonly tokenizer: Tokenizer,
    private readonly onnx: typeof Onnx,
    private readonly session: Onnx.InferenceSession,
  ) {}

  static async load(options: SessionOptions): Promise<OnnxSession> {
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
    return new OnnxSession(
      options,
      new Tokenizer(json(tokenizer), config ? json(config) : {}),
      onnx,
      session,
    );
  }

  /** Name of the first output: what a model has that calls its only one as it likes. */
  get firstOutput(): string {
    return this.session.outputNames[0] ?? '';
  }

  /** Token ids of a text, with the marks that the model expects at its ends if `special`. */
  tokenize(text: string, special: boolean): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: special }).ids;
  }

  detokenize(ids: number[]): string {
    return this.tokenizer.decode(ids, { skip_special_tokens: true });
  }

  /**
   * Compute a batch when those before it are done.
   *
   * @param goesOn asked when its turn has come; false: the caller is gone, nothing is computed
   * @returns null where it was not computed
   */
  async inTurn(batch: readonly Input[], goesOn: () => boolean): Promise<Outputs | null> {
    const turn = this.queue.then(() => (goesOn() ? this.run(batch) : null));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private run(batch: readonly Input[]): Promise<Outputs> {
    const tokens = Math.max(1, ...batch.map(({ ids }) => ids.length));
    const shape = [batch.length, tokens];
    const filled = (of: (input: Input, column: number) => number): Onnx.Tensor => {
      const data = new BigInt64Array(batch.length * tokens);
      batch.forEach((input, row) =>
        input.ids.forEach((_, column) => (data[row * tokens + column] = BigInt(of(input, column)))),
      );
      return new this.onnx.Tensor('int64', data, shape);
    };
    const feeds: Record<string, Onnx.Tensor> = {};
    for (const name of this.session.inputNames) {
      if (name === 'input_ids') feeds[name] = filled(({ ids }, column) => ids[column]!);
      else if (name === 'attention_mask') feeds[name] = filled(() => 1);
      else if (name === 'token_type_ids') feeds[name] = filled(({ types }, column) => types?.[column] ?? 0);
      else throw new Error(`the model wants an input that is not known: ${name}`);
    }
    return this.session.run(feeds);
  }
}

const json = (path: string): object => JSON.parse(readFileSync(path, 'utf8')) as object;
