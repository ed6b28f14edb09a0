import { ApiFailure, requestOverSocket, type SocketRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { VectorHit, Vectors } from './vectors';

/** Socket of this person's Chroma; `NANITE_CHROMA_SOCKET` moves it, for tests. */
export const chromaSocket = (): string =>
  process.env['NANITE_CHROMA_SOCKET'] ??
  `${process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.() ?? 0}`}/nanite/chroma.sock`;

const collectionsPath = '/api/v2/tenants/default_tenant/databases/default_database/collections';

/**
 * Of the graph that Chroma searches: links of a point, and how many points are kept in sight while building and while
 * searching. More finds more and takes longer; measured on 100,000 chunks in docs/benchmarks.md.
 */
const hnsw = { space: 'cosine', max_neighbors: 16, ef_construction: 128, ef_search: 200 };

/** Items of one request: Chroma takes 5,461 at most. */
const mostAdded = 1000;
const mostListed = 5000;

const Named = z.object({ id: z.string(), name: z.string() });
const NamedList = z.array(Named);
const Ids = z.object({ ids: z.array(z.string()) });
const Found = z.object({
  ids: z.array(z.array(z.string())),
  distances: z.array(z.array(z.number().nullable())),
});
const Count = z.number();

/**
 * Chroma over its unix socket. Plain requests of its REST API and not its npm client, which takes 20 MB and 0.3 s to
 * load: nanite-rag may take 60 MB while it waits (docs/decisions/0107).
 */
export class Chroma implements Vectors {
  private readonly known = new Map<number, Promise<string>>();
  private why: string | null = null;

  /**
   * @param index name of the index that the chunks' ids are of: an index that was made again begins with the same ids
   * @param model whose vectors these are
   */
  constructor(
    private readonly index: string,
    private readonly model: string,
    private readonly socketPath: string = chromaSocket(),
  ) {}

  down(): string | null {
    return this.why;
  }

  async add(
    collection: number,
    items: ReadonlyArray<{ chunk: number; vector: Float32Array }>,
  ): Promise<void> {
    for (let at = 0; at < items.length; at += mostAdded) {
      const part = items.slice(at, at + mostAdded);
      await this.on(collection, 'upsert', z.unknown(), {
        ids: part.map(({ chunk }) => String(chunk)),
        // Little-endian bytes: a third of the size of numbers in JSON, and nothing to print or parse.
        embeddings: part.map(({ vector }) =>
          Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'),
        ),
      });
    }
  }

  async remove(collection: number, chunks: readonly number[]): Promise<void> {
    for (let at = 0; at < chunks.length; at += mostAdded) {
      const ids = chunks.slice(at, at + mostAdded).map(String);
      await this.on(collection, 'delete', z.unknown(), { ids });
    }
  }

  async query(vector: Float32Array, k: number, collections: readonly number[]): Promise<VectorHit[]> {
    const lists = await Promise.all(
      collections.map(async (collection) => {
        const body = { query_embeddings: [Array.from(vector)], n_results: k, include: ['distances'] };
        const { ids, distances } = await this.on(collection, 'query', Found, body);
        return (ids[0] ?? []).map((id, at) => ({ chunk: Number(id), score: 1 - (distances[0]?.[at] ?? 1) }));
      }),
    );
    return lists
      .flat()
      .sort((a, b) => b.score - a.score)
      .slice(0, k);
  }

  async ids(collection: number): Promise<number[]> {
    const all: number[] = [];
    for (;;) {
      const body = { limit: mostListed, offset: all.length, include: [] };
      const { ids } = await this.on(collection, 'get', Ids, body);
      all.push(...ids.map(Number));
      if (ids.length < mostListed) return all;
    }
  }

  count(collection: number): Promise<number> {
    return this.on(collection, 'count', Count);
  }

  async keepOnly(collections: readonly number[]): Promise<void> {
    const wanted = new Set(collections.map((collection) => this.nameOf(collection)));
    const list = await this.send(NamedList, 'GET', `${collectionsPath}?limit=1000`);
    for (const { name } of list) {
      if (!name.startsWith(`nanite-${this.index}-`) || wanted.has(name)) continue;
      await this.send(z.unknown(), 'DELETE', `${collectionsPath}/${name}`);
    }
  }

  private nameOf(collection: number): string {
    return `nanite-${this.index}-${this.model.replaceAll(/[^A-Za-z0-9]/g, '.')}-${collection}`;
  }

  /** Chroma's own id of a collection; made where there is none. */
  private open(collection: number): Promise<string> {
    let id = this.known.get(collection);
    if (id === undefined) {
      const body = { name: this.nameOf(collection), get_or_create: true, configuration: { hnsw } };
      id = this.send(Named, 'POST', collectionsPath, body).then((made) => made.id);
      id.catch(() => this.known.delete(collection));
      this.known.set(collection, id);
    }
    return id;
  }

  private async on<T>(collection: number, verb: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const id = await this.open(collection);
      try {
        return await this.send(
          schema,
          body === undefined ? 'GET' : 'POST',
          `${collectionsPath}/${id}/${verb}`,
          body,
        );
      } catch (error) {
        // Its data was deleted while it ran, or it was restarted without them: the collection has another id, or none.
        if (attempt > 0 || !(error instanceof NaniteError) || error.status !== 404) throw error;
        this.known.delete(collection);
      }
    }
  }

  private async send<T>(
    schema: z.ZodType<T>,
    method: SocketRequest['method'],
    path: string,
    body?: unknown,
  ): Promise<T> {
    try {
      const signal = AbortSignal.timeout(30_000);
      const answer = await requestOverSocket({ socketPath: this.socketPath, method, path, body, signal });
      const value = schema.parse(answer);
      this.why = null;
      return value;
    } catch (cause) {
      if (cause instanceof ApiFailure && cause.status === 404) {
        throw new NaniteError('vectors-missing', 'Chroma does not have this collection', {
          status: 404,
          cause,
        });
      }
      const known = cause instanceof ApiFailure ? cause : null;
      // Of one on another machine nanite-chroma-remote knows why.
      const remote = known?.code === 'remote-chroma';
      const absent = known?.code === 'unreachable' && !existsSync(this.socketPath);
      if (absent) this.why = 'Chroma, which holds the vectors, is not installed or not started';
      else if (known?.code === 'unreachable') this.why = 'Chroma, which holds the vectors, does not answer';
      else this.why = `Chroma, which holds the vectors, failed${remote ? `: ${known!.message}` : ''}`;
      throw new NaniteError('vectors-down', this.why, {
        hint:
          (remote ? known!.hint : null) ??
          (absent ? 'sudo apt install nanite-chroma' : 'systemctl --user status nanite-chroma.service'),
        status: 503,
        cause,
      });
    }
  }
}
