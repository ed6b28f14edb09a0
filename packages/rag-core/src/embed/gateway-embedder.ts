import { setTimeout as delay } from 'node:timers/promises';
import { ApiFailure, OllamaEmbedResponse, requestOverSocket } from '@nanite/contracts';
import { NaniteError, socketPath } from '@nanite/kit';
import type { Embedder, Purpose } from './embedder';
import { prompted } from './prompts';
import { englishModel, manyLanguagesModel } from './usual';

export interface GatewayEmbedderOptions {
  model: string;
  /** Socket of the gateway. */
  socketPath?: string;
  /** Texts of one request; several are on their way at once, so that the worker never waits for the next. */
  batch?: number;
  /** Milliseconds before the first repetition; each further one waits twice as long. */
  backOff?: number;
}

/** Requests on their way at once. */
const atOnce = 2;
/** Repetitions of a request that met a gateway that is busy or just being restarted. */
const repetitions = 3;

/** What passes by itself: nobody listens (a restart), too many requests, a worker that ended, no memory now. */
const passing = new Set([429, 502, 503, 504]);

/** Packages of embedding models. */
const packages: Record<string, string> = {
  [englishModel]: 'nanite-model-bge-small-en-v1.5',
  [manyLanguagesModel]: 'nanite-model-multilingual-e5-small',
};

const hintFor = (model: string): string =>
  packages[model] === undefined ? `nanite models pull ${model}` : `apt install ${packages[model]}`;

/** Vectors from the gateway's `/api/embed`: the worker that computes them is shared with all programs of the machine. */
export class GatewayEmbedder implements Embedder {
  readonly model: string;
  private readonly socketPath: string;
  private readonly batch: number;
  private readonly backOff: number;

  constructor(options: GatewayEmbedderOptions) {
    this.model = options.model;
    this.socketPath = options.socketPath ?? socketPath('gateway');
    this.batch = options.batch ?? 64;
    this.backOff = options.backOff ?? 250;
  }

  async embed(texts: readonly string[], purpose: Purpose, signal: AbortSignal): Promise<Float32Array[]> {
    // Like lengths together: a batch is padded to its longest text.
    const order = texts.map((_, at) => at).sort((a, b) => texts[a]!.length - texts[b]!.length);
    const groups: number[][] = [];
    for (let at = 0; at < order.length; at += this.batch) groups.push(order.slice(at, at + this.batch));
    const vectors = new Array<Float32Array>(texts.length);
    const lane = async (): Promise<void> => {
      for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
        const input = group.map((at) => prompted(this.model, texts[at]!, purpose));
        const found = await this.request(input, signal);
        group.forEach((at, row) => (vectors[at] = found[row]!));
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, groups.length) }, lane));
    return vectors;
  }

  private async request(input: string[], signal: AbortSignal): Promise<Float32Array[]> {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await requestOverSocket({
          socketPath: this.socketPath,
          method: 'POST',
          path: '/api/embed',
          body: { model: this.model, input, truncate: true },
          signal,
        });
        const { embeddings } = OllamaEmbedResponse.parse(answer);
        if (embeddings.length !== input.length)
          throw new Error(`${embeddings.length} vectors of ${input.length} texts`);
        return embeddings.map((vector) => Float32Array.from(vector));
      } catch (error) {
        signal.throwIfAborted();
        const passes = error instanceof ApiFailure && passing.has(error.status);
        if (!passes || attempt === repetitions) throw this.explained(error);
        await delay(this.backOff * 2 ** attempt, undefined, { signal });
      }
    }
  }

  private explained(cause: unknown): NaniteError {
    if (cause instanceof ApiFailure && cause.code === 'unreachable') {
      return new NaniteError('gateway-down', 'the gateway, which computes meaning, does not answer', {
        hint: 'systemctl status nanite-gateway.socket',
        status: 503,
        cause,
      });
    }
    if (cause instanceof ApiFailure && cause.status === 404) {
      return new NaniteError('model-missing', `the model ${this.model} is not installed`, {
        hint: hintFor(this.model),
        status: 503,
        cause,
      });
    }
    // What the gateway says of the reason is written for people: `onnxruntime is not installed`.
    const why = cause instanceof ApiFailure ? `: ${cause.message}` : '';
    return new NaniteError('embedding-failed', `the model ${this.model} cannot compute vectors${why}`, {
      status: 503,
      hint: cause instanceof ApiFailure ? (cause.hint ?? undefined) : undefined,
      cause,
    });
  }
}
