import { randomBytes } from 'node:crypto';
import type { ResponsesAnswer, ResponsesItem } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/** A response and the conversation that it ends. */
export interface StoredResponse {
  uid: number;
  response: ResponsesAnswer;
  /** What was sent with it. */
  input: ResponsesItem[];
  /** All that went before, the input and the output. */
  conversation: ResponsesItem[];
}

interface Kept extends StoredResponse {
  bytes: number;
}

export const newId = (prefix: string): string => `${prefix}_${randomBytes(24).toString('hex')}`;

function notFound(id: string): NaniteError {
  return new NaniteError('response-not-found', `there is no response ${id}`, {
    status: 404,
    hint: 'responses are kept in memory, and the oldest are forgotten',
  });
}

/**
 * Responses by their id, in memory alone: they hold what people wrote. Each user finds their own. The oldest go when a user's
 * share is full, so that nobody can push out what others have.
 */
export class ResponseStore {
  readonly #kept = new Map<string, Kept>();
  /** Bytes of each user. */
  readonly #bytes = new Map<number, number>();

  /** @param maxBytes that the responses of one user may take */
  constructor(private readonly maxBytes = 16 * 2 ** 20) {}

  keep(stored: StoredResponse): void {
    // The conversation shares its items with what went before: only what is new takes room.
    const bytes = Buffer.byteLength(JSON.stringify([stored.input, stored.response]));
    if (bytes > this.maxBytes) return;
    this.#kept.set(stored.response.id, { ...stored, bytes });
    let total = (this.#bytes.get(stored.uid) ?? 0) + bytes;
    for (const [id, { uid, bytes: freed }] of this.#kept) {
      if (total <= this.maxBytes) break;
      if (uid !== stored.uid) continue;
      this.#kept.delete(id);
      total -= freed;
    }
    this.#bytes.set(stored.uid, total);
  }

  /** @throws NaniteError 404 `response-not-found`, for a response of somebody else too */
  get(id: string, uid: number): StoredResponse {
    const found = this.#kept.get(id);
    if (found === undefined || found.uid !== uid) throw notFound(id);
    return found;
  }

  /** @throws NaniteError 404 `response-not-found` */
  remove(id: string, uid: number): void {
    const { bytes } = this.get(id, uid) as Kept;
    this.#kept.delete(id);
    this.#bytes.set(uid, (this.#bytes.get(uid) ?? 0) - bytes);
  }

  /**
   * An item of any response of the user, by its own id: some clients send only references to what they were given.
   *
   * @throws NaniteError 404
   */
  item(id: string, uid: number): ResponsesItem {
    for (const { uid: owner, conversation } of this.#kept.values()) {
      const found = owner === uid ? conversation.find((item) => item.id === id) : undefined;
      if (found !== undefined) return found;
    }
    throw new NaniteError('item-not-found', `there is no item ${id}`, {
      status: 404,
      hint: 'send the item itself: responses are kept in memory, and the oldest are forgotten',
    });
  }
}
