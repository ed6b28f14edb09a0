import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

type Handler = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

/** A gateway, or another service by its name, on a unix socket in a folder of its own that answers as a test says. */
export class FakeGateway {
  readonly folder = mkdtempSync(join(tmpdir(), 'nanite-cli-'));
  readonly socket: string;
  readonly asked: Asked[] = [];
  /** Requests whose client went away before their answer was complete. */
  aborted = 0;
  private readonly raw: Record<string, (text: string, response: ServerResponse) => void> = {};
  private readonly server: Server;

  constructor(
    private handlers: Record<string, Handler> = {},
    name = 'gateway',
  ) {
    this.socket = join(this.folder, `${name}.sock`);
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.socket, resolve));
    return this;
  }

  on(path: string, handler: Handler): this {
    this.handlers[path] = handler;
    return this;
  }

  /** Where the body is not one JSON value. */
  onRaw(path: string, handler: (text: string, response: ServerResponse) => void): this {
    this.raw[path] = handler;
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    try {
      for await (const piece of request.setEncoding('utf8')) text += String(piece);
    } catch {
      // Whoever asked went away before the question was complete.
      this.aborted++;
      return;
    }
    const raw = this.raw[request.url ?? ''];
    if (raw) return raw(text, response);
    const asked: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
    this.asked.push(asked);
    response.on('close', () => {
      if (!response.writableFinished) this.aborted++;
    });
    const handler = this.handlers[asked.path] ?? defaults[asked.path];
    if (handler === undefined) json(response, 404, { error: `no such path: ${asked.path}` });
    else await handler(asked, response, request);
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const createdAt = '2026-11-23T00:00:00.000000000Z';

export const chunk = (model: string, content: string, more: Record<string, unknown> = {}): string =>
  `${JSON.stringify({ model, created_at: createdAt, message: { role: 'assistant', content }, done: false, ...more })}\n`;

export const lastChunk = (model: string, more: Record<string, unknown> = {}): string =>
  chunk(model, '', {
    done: true,
    done_reason: 'stop',
    total_duration: 50_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: 9,
    prompt_eval_duration: 9_000_000,
    eval_count: 4,
    eval_duration: 20_000_000,
    ...more,
  });

/** Answer a chat with these pieces. */
export const says =
  (...pieces: string[]): Handler =>
  ({ body }, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const piece of pieces) response.write(chunk(String(body['model']), piece));
    response.end(lastChunk(String(body['model'])));
  };

const details = {
  parent_model: '',
  format: 'gguf',
  family: 'llama',
  families: ['llama'],
  parameter_size: '134.5M',
  quantization_level: 'Q4_1',
};

export const listed = (name: string) => ({
  name,
  model: name,
  size: 98_000_000,
  digest: 'a'.repeat(64),
  details,
  modified_at: createdAt,
});

/** What a model is shown as, but for its capabilities. */
export const shown = {
  license: 'Apache-2.0\nlong text',
  modelfile: '',
  parameters: 'temperature 0.2',
  template: '',
  details,
  model_info: { 'llama.context_length': 2048 },
  modified_at: createdAt,
};

const capabilities: Record<string, string[]> = {
  'bge-small': ['embedding'],
  'smollm2:135m': ['completion', 'chat'],
};

const defaults: Record<string, Handler> = {
  '/api/tags': (_asked, response) =>
    json(response, 200, { models: [listed('bge-small'), listed('smollm2:135m')] }),
  '/api/show': ({ body }, response) => {
    const can = capabilities[String(body['model'])];
    if (can === undefined) return json(response, 404, { error: `model '${String(body['model'])}' not found` });
    json(response, 200, { ...shown, capabilities: can });
  },
  '/api/chat': says('Blue', ' is', ' a', ' colour.'),
};
