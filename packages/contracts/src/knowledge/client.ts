import { agreed } from '../agreed';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { ApiFailure } from '../api-failure';
import { linesOverSocket, openOverSocket, requestOverSocket, type SocketRequest } from '../socket-request';
import { KnowledgeEvent, type KnowledgeQuestion } from './answers';
import { knowledgePaths as at } from './api';
import {
  Collection,
  CollectionList,
  FileAsideList,
  KnowledgeStatus,
  type CollectionRequest,
} from './collections';
import { ImportAnswer } from './exchange';
import { Passage, SearchAnswer, type SearchRequest } from './search';

/** nanite-rag's API as functions. Every call may throw ApiFailure. */
export class KnowledgeClient {
  /** @param socketPath `$XDG_RUNTIME_DIR/nanite/rag.sock`, or `/run/nanite/rag-team.sock` for a team's */
  constructor(private readonly socketPath: string) {}

  status(signal?: AbortSignal): Promise<KnowledgeStatus> {
    return this.json(KnowledgeStatus, { method: 'GET', path: at.status, signal });
  }

  collections(signal?: AbortSignal): Promise<CollectionList> {
    return this.json(CollectionList, { method: 'GET', path: at.collections, signal });
  }

  collection(name: string, signal?: AbortSignal): Promise<Collection> {
    return this.json(Collection, { method: 'GET', path: collectionPath(name), signal });
  }

  /** Make a collection, or change what the request names. */
  put(name: string, request: CollectionRequest, signal?: AbortSignal): Promise<Collection> {
    return this.json(Collection, { method: 'PUT', path: collectionPath(name), body: request, signal });
  }

  /** The index of it goes; the files stay. */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const { socketPath } = this;
    await requestOverSocket({ socketPath, method: 'DELETE', path: collectionPath(name), signal });
  }

  /** Read all folders of a collection again, now. */
  scan(name: string, signal?: AbortSignal): Promise<Collection> {
    return this.json(Collection, { method: 'POST', path: `${collectionPath(name)}/scan`, signal });
  }

  /** Lines of an exported collection, each with its end: an ExportHeader, then ExportedVectors. */
  export(name: string, signal?: AbortSignal): Promise<IncomingMessage> {
    const { socketPath } = this;
    return openOverSocket({ socketPath, method: 'GET', path: `${collectionPath(name)}/export`, signal });
  }

  /** @param lines as {@link KnowledgeClient.export} gives them, the header changed to what is wished here */
  import(lines: Readable, signal?: AbortSignal): Promise<ImportAnswer> {
    return this.json(ImportAnswer, { method: 'POST', path: at.import, bytes: lines, signal });
  }

  /** Files that were set aside, and why. */
  aside(name: string, signal?: AbortSignal): Promise<FileAsideList> {
    return this.json(FileAsideList, { method: 'GET', path: `${collectionPath(name)}/aside`, signal });
  }

  search(request: z.input<typeof SearchRequest>, signal?: AbortSignal): Promise<SearchAnswer> {
    return this.json(SearchAnswer, { method: 'POST', path: at.search, body: request, signal });
  }

  passage(id: number, signal?: AbortSignal): Promise<Passage> {
    return this.json(Passage, { method: 'GET', path: `${at.passages}/${id}`, signal });
  }

  /** Leaving the loop, or aborting the signal, ends the answer. */
  async *ask(
    question: z.input<typeof KnowledgeQuestion>,
    signal?: AbortSignal,
  ): AsyncGenerator<Exclude<KnowledgeEvent, { event: 'error' }>, void, void> {
    const { socketPath } = this;
    for await (const line of linesOverSocket({
      socketPath,
      method: 'POST',
      path: at.ask,
      body: question,
      signal,
    })) {
      const event = agreed(KnowledgeEvent, line, { service, path: at.ask });
      if (event.event === 'error') throw new ApiFailure(500, event.code, event.message, event.hint);
      yield event;
      if (event.event === 'done') return;
    }
    throw new ApiFailure(502, 'broken-off', 'the answer broke off');
  }

  private async json<T>(schema: z.ZodType<T>, request: Omit<SocketRequest, 'socketPath'>): Promise<T> {
    const answer = await requestOverSocket({ socketPath: this.socketPath, ...request });
    return agreed(schema, answer, { service, path: request.path });
  }
}

const collectionPath = (name: string) => `${at.collections}/${encodeURIComponent(name)}`;

const service = 'nanite-rag';
