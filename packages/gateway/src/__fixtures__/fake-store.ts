import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { actingForHeader } from '@nanite/contracts';

export interface AskedOfStore {
  what: string;
  body: string;
  /** The user that the gateway says it asks for. */
  actingFor: string | undefined;
}

type Answer = (response: ServerResponse, asked: AskedOfStore) => void;

/** A model store on a unix socket that answers as a test says. */
export class FakeStore {
  readonly asked: AskedOfStore[] = [];
  readonly #server: Server;

  constructor(private readonly answers: Record<string, Answer>) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(socket: string): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(socket, resolve));
    return this;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += String(piece);
    const actingFor = request.headers[actingForHeader];
    const asked = {
      what: `${request.method} ${request.url}`,
      body,
      actingFor: Array.isArray(actingFor) ? actingFor[0] : actingFor,
    };
    this.asked.push(asked);
    const answer = this.answers[asked.what] ?? refuse(404, 'model-not-found', "model 'x' not found");
    answer(response, asked);
  }
}

export const value =
  (body: unknown): Answer =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const refuse =
  (status: number, code: string, message: string): Answer =>
  (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { code, message, hint: null } }));

export const steps =
  (...events: Array<Record<string, unknown>>): Answer =>
  (response) =>
    void response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end(events.map((event) => `${JSON.stringify({ job: 'job00001', ...event })}\n`).join(''));
