import { agreed } from './agreed';
import type { z } from 'zod';
import { ApiFailure } from './api-failure';
import type { DefaultModel } from './default-model';
import type { GatewayStatus } from './gateway';
import {
  OllamaChatResponse,
  OllamaEmbedResponse,
  OllamaError,
  OllamaGenerateResponse,
  OllamaPs,
  OllamaShowResponse,
  OllamaTags,
  type OllamaChatRequest,
  type OllamaEmbedRequest,
  type OllamaGenerateRequest,
} from './ollama';
import type { RerankRequest, RerankResponse } from './rerank';
import { callJson, jsonLines, openCall, placeOf, type HttpAddress, type HttpCall } from './http-call';

/** Where a gateway (or any server of Ollama's API) listens. */
export type GatewayAddress = HttpAddress;

const chats = (capabilities: readonly string[]): boolean =>
  capabilities.includes('chat') ||
  (capabilities.includes('completion') && !capabilities.includes('embedding'));

/**
 * The gateway's API as functions, over its unix socket or TCP.
 *
 * Every call may throw ApiFailure: `unreachable` (nothing listens there), `no-access` (the socket's permissions),
 * `broken-off` (the connection ended before the answer did), `bad-answer`, or what the server said: its own code for
 * our endpoints, `http-<status>` for Ollama's, whose errors have none.
 */
export class GatewayClient {
  constructor(readonly address: GatewayAddress) {}

  /** Address in words. */
  get where(): string {
    return placeOf(this.address);
  }

  /**
   * Ask, and get the answer in pieces as it is made; the last has `done: true` and the counts. Leaving the loop, or
   * aborting the signal, cancels the request.
   */
  async *chat(
    request: OllamaChatRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<OllamaChatResponse, void, void> {
    yield* this.stream(OllamaChatResponse, '/api/chat', request, signal);
  }

  /** The same for a prompt without a conversation, as a model without a chat template takes it. */
  async *generate(
    request: OllamaGenerateRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<OllamaGenerateResponse, void, void> {
    yield* this.stream(OllamaGenerateResponse, '/api/generate', request, signal);
  }

  embed(request: OllamaEmbedRequest, signal?: AbortSignal): Promise<OllamaEmbedResponse> {
    return this.json(OllamaEmbedResponse, 'POST', '/api/embed', request, signal);
  }

  /** Texts in the order in which they answer a query, as the model that is named sees it. */
  async rerank(request: RerankRequest, signal?: AbortSignal): Promise<RerankResponse> {
    // Loaded when asked for, as the schemas of the status: `nanite ask` starts without them.
    const { RerankResponse: schema } = await import('./rerank');
    return this.json(schema, 'POST', '/v1/rerank', request, signal);
  }

  /** Load a model without asking it anything, or with `keep_alive: 0` unload it. */
  async load(model: string, keepAlive?: string | number, signal?: AbortSignal): Promise<void> {
    const body = { model, messages: [], stream: false, keep_alive: keepAlive };
    await this.json(OllamaChatResponse, 'POST', '/api/chat', body, signal);
  }

  /** Take a model of any kind out of memory. */
  async unload(model: string, signal?: AbortSignal): Promise<void> {
    const body = { model, stream: false, keep_alive: 0 };
    await this.json(OllamaGenerateResponse, 'POST', '/api/generate', body, signal);
  }

  /** Names of the installed models that can chat, in the gateway's order, at most `most` of them. */
  async chatModels(most = Infinity, signal?: AbortSignal): Promise<string[]> {
    const found: string[] = [];
    const { models } = await this.tags(signal);
    for (const { name } of models) {
      if (found.length >= most) break;
      try {
        const { capabilities } = await this.show(name, signal);
        if (chats(capabilities)) found.push(name);
      } catch (error) {
        // Removed since it was listed, or broken: the next one may do.
        if (!(error instanceof ApiFailure) || error.code === 'unreachable') throw error;
      }
    }
    return found;
  }

  /** What answers where nobody names a model: of Nanite's gateway its choice, of another server the first that can chat. */
  async defaultModel(signal?: AbortSignal): Promise<string | null> {
    return (await this.defaultChoice(signal)).name;
  }

  /** The same with the reason, and the models that were passed over. */
  async defaultChoice(signal?: AbortSignal): Promise<DefaultModel> {
    const { DefaultModel: schema } = await import('./default-model');
    try {
      return await this.json(schema, 'GET', '/nanite/v1/default-model', undefined, signal);
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 404) throw error;
      const name = (await this.chatModels(1, signal))[0] ?? null;
      return { name, reason: 'the first that can chat', passedOver: [] };
    }
  }

  tags(signal?: AbortSignal): Promise<OllamaTags> {
    return this.json(OllamaTags, 'GET', '/api/tags', undefined, signal);
  }

  show(model: string, signal?: AbortSignal): Promise<OllamaShowResponse> {
    return this.json(OllamaShowResponse, 'POST', '/api/show', { model }, signal);
  }

  ps(signal?: AbortSignal): Promise<OllamaPs> {
    return this.json(OllamaPs, 'GET', '/api/ps', undefined, signal);
  }

  /** Of a Nanite gateway only. */
  async status(signal?: AbortSignal): Promise<GatewayStatus> {
    // Loaded when asked for: building the schemas of the status costs `nanite ask` 8 ms at each start.
    const { GatewayStatus: schema } = await import('./gateway');
    return this.json(schema, 'GET', '/nanite/v1/status', undefined, signal);
  }

  private async *stream<T extends { done: boolean }>(
    schema: z.ZodType<T>,
    path: string,
    request: Record<string, unknown>,
    signal?: AbortSignal,
  ): AsyncGenerator<T, void, void> {
    const call: HttpCall = {
      address: this.address,
      method: 'POST',
      path,
      body: { ...request, stream: true },
      signal,
    };
    for await (const value of jsonLines(await openCall(call), call)) {
      const failure = OllamaError.safeParse(value);
      if (failure.success) throw new ApiFailure(500, 'http-500', failure.data.error);
      const chunk = this.checked(schema, value, path);
      yield chunk;
      if (chunk.done) return;
    }
    const message = `the answer broke off: ${this.where} closed the connection`;
    throw new ApiFailure(502, 'broken-off', message);
  }

  private async json<T>(
    schema: z.ZodType<T>,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const value = await callJson({ address: this.address, method, path, body, signal });
    return this.checked(schema, value, path);
  }

  private checked<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
    return agreed(schema, value, { service: 'nanite-gateway', path, who: this.where });
  }
}
