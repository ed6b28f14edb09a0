import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedFile } from '../sources/resolved';

export interface Asked {
  path: string;
  headers: IncomingMessage['headers'];
  /** First byte asked for, and the one after the last; null without a range. */
  range: [number, number] | null;
}

/** What goes wrong; each is asked for every request. */
export interface Faults {
  /** Answer with the whole file whatever range is asked for. */
  ignoreRange?: boolean;
  /** Say no length (chunked). */
  noLength?: boolean;
  /** Cut the connection after so many bytes of an answer; -1 lets it pass. */
  cutAfter?: (asked: Asked, count: number) => number;
  /** Answer so, before anything else. */
  answer?: (
    asked: Asked,
    count: number,
  ) => { status: number; headers?: Record<string, string>; body?: string } | null;
  etag?: (count: number) => string | null;
  /** Milliseconds between pieces of 64 KiB. */
  slow?: number;
  /** The byte at this place is not what it was. */
  flip?: number;
}

/** An HTTP server of one file that can be made to misbehave, on a port of the loopback interface. */
export class FaultServer {
  readonly asked: Asked[] = [];
  faults: Faults = {};
  sent = 0;

  private constructor(
    private readonly server: Server,
    public content: Buffer,
  ) {}

  static async start(content: Buffer): Promise<FaultServer> {
    const server = createServer();
    const faulty = new FaultServer(server, content);
    server.on('request', (request, response) => {
      faulty.#serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return faulty;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get sha256(): string {
    return createHash('sha256').update(this.content).digest('hex');
  }

  /** The file as a source would resolve it. */
  file(overrides: Partial<ResolvedFile> = {}): ResolvedFile {
    return {
      role: 'weights',
      name: 'model.gguf',
      size: this.content.length,
      sha256: this.sha256,
      locate: () => Promise.resolve({ url: `${this.url}/model.gguf`, headers: {}, insecure: true }),
      ...overrides,
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults } = this;
    let content = this.content;
    const found = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const asked: Asked = {
      path: request.url ?? '',
      headers: request.headers,
      range: found === null ? null : [Number(found[1]), Number(found[2]) + 1],
    };
    const count = this.asked.push(asked);
    const answer = faults.answer?.(asked, count) ?? null;
    if (answer !== null) {
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    if (faults.flip !== undefined) {
      content = Buffer.from(content);
      content.writeUInt8(content.readUInt8(faults.flip) ^ 1, faults.flip);
    }
    const etag = faults.etag === undefined ? '"one"' : faults.etag(count);
    if (etag !== null) response.setHeader('etag', etag);
    const ifRange = asked.headers['if-range'];
    let body = content;
    if (asked.range !== null && faults.ignoreRange !== true && (ifRange === undefined || ifRange === etag)) {
      const [begin, end] = asked.range;
      body = content.subarray(begin, end);
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${begin}-${begin + body.length - 1}/${content.length}`);
    }
    if (faults.noLength !== true) response.setHeader('content-length', body.length);
    const cut = faults.cutAfter?.(asked, count) ?? -1;
    const until = cut < 0 ? body.length : Math.min(cut, body.length);
    response.flushHeaders();
    for (let at = 0; at < until; at += 65536) {
      const piece = body.subarray(at, Math.min(at + 65536, until));
      if (!response.write(piece)) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            response.off('drain', go).off('close', go);
            resolve();
          };
          response.on('drain', go).on('close', go);
        });
      }
      if (response.destroyed) return;
      this.sent += piece.length;
      if (faults.slow !== undefined) await sleep(faults.slow);
    }
    if (until < body.length) {
      // What was written is to arrive before the end of the connection does.
      await new Promise((resolve) => response.write('', resolve));
      await sleep(20);
      response.destroy();
    } else response.end();
  }
}
