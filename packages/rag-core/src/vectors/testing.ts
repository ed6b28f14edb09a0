import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { rmSync } from 'node:fs';
import type { Embedder, Purpose } from '../embed';

/** Words as coordinates: texts that share words are near each other. For tests, where meaning is computed by nobody. */
export class WordEmbedder implements Embedder {
  /** Texts that were computed, in order. */
  readonly computed: string[] = [];
  /** Thrown by the next calls, while it is set. */
  fails: Error | null = null;

  constructor(readonly model = 'words') {}

  embed(texts: readonly string[], purpose: Purpose): Promise<Float32Array[]> {
    if (this.fails !== null) return Promise.reject(this.fails);
    if (purpose === 'passage') this.computed.push(...texts);
    return Promise.resolve(texts.map(vectorOf));
  }
}

function vectorOf(text: string): Float32Array {
  const vector = new Float32Array(64);
  for (const [word] of text.toLowerCase().matchAll(/[a-z]+/g)) {
    let hash = 7;
    for (const character of word) hash = (hash * 31 + character.charCodeAt(0)) % 64;
    vector[hash]! += 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((component) => component / length);
}

interface Held {
  id: string;
  name: string;
  vectors: Map<string, Float32Array>;
}

/** As much of Chroma's API as is used, in memory, in its shapes (chromadb 1.3). */
export class FakeChroma {
  readonly collections = new Map<string, Held>();
  private server: Server | null = null;

  constructor(readonly path: string) {}

  get held(): number {
    return [...this.collections.values()].reduce((sum, { vectors }) => sum + vectors.size, 0);
  }

  async start(): Promise<this> {
    rmSync(this.path, { force: true });
    this.server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.once('end', () => {
        const [status, body] = this.answer(
          request.method!,
          request.url!,
          text === '' ? {} : JSON.parse(text),
        );
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(this.path, resolve));
    return this;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server?.close(resolve) ?? resolve(null));
    this.server = null;
  }

  private answer(method: string, url: string, body: Record<string, unknown>): [number, unknown] {
    const [, which, verb] = /\/collections(?:\/([^/?]+))?(?:\/(\w+))?/.exec(url) ?? [];
    if (which === undefined) {
      if (method === 'GET')
        return [200, [...this.collections.values()].map(({ id, name }) => ({ id, name }))];
      const name = String(body['name']);
      const made = this.collections.get(name) ?? {
        id: randomUUID(),
        name,
        vectors: new Map<string, Float32Array>(),
      };
      this.collections.set(name, made);
      return [200, { id: made.id, name }];
    }
    if (method === 'DELETE') return [this.collections.delete(which) ? 200 : 404, {}];
    const held = [...this.collections.values()].find(({ id }) => id === which);
    if (held === undefined) return [404, { error: 'NotFoundError', message: 'does not exist' }];
    return [200, this.verb(held, verb!, body)];
  }

  private verb({ vectors }: Held, verb: string, body: Record<string, unknown>): unknown {
    const ids = (body['ids'] ?? []) as string[];
    switch (verb) {
      case 'upsert':
        (body['embeddings'] as string[]).forEach((text, at) => {
          const bytes = Buffer.from(text, 'base64');
          vectors.set(
            ids[at]!,
            new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
          );
        });
        return {};
      case 'delete':
        for (const id of ids) vectors.delete(id);
        return {};
      case 'count':
        return vectors.size;
      case 'get': {
        const offset = body['offset'] as number;
        return { ids: [...vectors.keys()].slice(offset, offset + (body['limit'] as number)) };
      }
      default: {
        const [question] = body['query_embeddings'] as number[][];
        const near = [...vectors]
          .map(([id, vector]) => ({
            id,
            distance: 1 - vector.reduce((sum, x, at) => sum + x * question![at]!, 0),
          }))
          .sort((a, b) => a.distance - b.distance)
          .slice(0, body['n_results'] as number);
        return { ids: [near.map(({ id }) => id)], distances: [near.map(({ distance }) => distance)] };
      }
    }
  }
}
