import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface AskedOfStore {
  method: string;
  path: string;
  /** JSON where the body is some, else its text. */
  body: unknown;
}

type Answer = (asked: AskedOfStore, response: ServerResponse) => void;

/** A model store on a unix socket that answers as a test says and remembers what it was asked. */
export class FakeStore {
  readonly asked: AskedOfStore[] = [];
  readonly #answers = new Map<string, Answer>();
  readonly #server: Server;

  constructor(private readonly socket: string) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param what method and path, such as `POST /v1/pull` */
  on(what: string, answer: Answer): this {
    this.#answers.set(what, answer);
    return this;
  }

  async start(): Promise<this> {
    mkdirSync(dirname(this.socket), { recursive: true });
    await new Promise<void>((resolve) => this.#server.listen(this.socket, resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += String(piece);
    const isJson = request.headers['content-type'] === 'application/json';
    const asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
    this.asked.push(asked);
    const answer = this.#answers.get(`${asked.method} ${asked.path}`);
    if (answer === undefined) return refuse(404, 'model-not-found', 'there is no such model')(asked, response);
    answer(asked, response);
  }
}

export const value =
  (body: unknown): Answer =>
  (_asked, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const refuse =
  (status: number, code: string, message: string): Answer =>
  (_asked, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { code, message, hint: null } }));

export const steps =
  (...events: Array<Record<string, unknown>>): Answer =>
  (_asked, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end(events.map((event) => `${JSON.stringify({ job: 'job00001', ...event })}\n`).join(''));

export const storedModel = (name: string, more: Record<string, unknown> = {}) => ({
  manifest: {
    schema: 1,
    id: name.replace(':', '-'),
    name,
    aliases: [],
    description: name,
    format: 'gguf',
    family: 'llama',
    parameterSize: '1B',
    quantisation: 'Q4_K_M',
    capabilities: ['chat'],
    contextLength: 2048,
    licence: 'MIT',
    files: [{ role: 'weights', path: 'model.gguf', sha256: 'a'.repeat(64), size: 1000 }],
    source: 'hf://org/repo',
    modifiedAt: '2026-11-23T00:00:00.000Z',
  },
  record: { schema: 1 },
  origin: 'store',
  path: `/var/lib/nanite/models/${name.replace(':', '-')}`,
  sizeBytes: 1000,
  digest: 'b'.repeat(64),
  missing: [],
  fit: null,
  ...more,
});
