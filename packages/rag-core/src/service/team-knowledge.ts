import { existsSync } from 'node:fs';
import { ApiFailure, KnowledgeClient, type Hit, type SearchRequest } from '@nanite/contracts';
import { NaniteError, socketPath } from '@nanite/kit';
import type { Retrieved, Wanted } from '../retrieve';

/**
 * What a team shares on this machine, asked for by the service of one person: the team's knows by the kernel who that
 * is, and gives what they may read.
 */
export class TeamKnowledge {
  private readonly client: KnowledgeClient;

  constructor(private readonly socket: string = socketPath('rag-team')) {
    this.client = new KnowledgeClient(socket);
  }

  get there(): boolean {
    return existsSync(this.socket);
  }

  /** @throws NaniteError with the code of the team's service */
  async search(wanted: Wanted, signal: AbortSignal): Promise<Retrieved> {
    try {
      const request: SearchRequest = { ...wanted, scope: 'team' };
      const { hits, notes } = await this.client.search(request, signal);
      return {
        hits: hits.map((hit) => ({ ...hit, passage: { ...hit.passage, scope: 'team' } })),
        notes: notes.map((note) => `team: ${note}`),
      };
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      const { code, message, status, hint } = error;
      throw new NaniteError(code, message, { status, ...(hint !== null && { hint }), cause: error });
    }
  }
}

/**
 * Two lists as one. Each keeps its order; which of their first ones comes next is said by the scores, which are
 * probabilities (docs/decisions/0109). A passage of a file that both know is the person's own.
 */
export function merged(own: readonly Hit[], team: readonly Hit[], limit: number): Hit[] {
  const known = new Set(own.flatMap(({ passage, duplicates }) => [passage.uri, ...duplicates]));
  const lists = [
    own.map((hit): Hit => ({ ...hit, passage: { ...hit.passage, scope: 'own' } })),
    team.filter(({ passage }) => !known.has(passage.uri)),
  ];
  const all: Hit[] = [];
  while (all.length < limit) {
    const [next] = lists.filter((list) => list.length > 0).sort((a, c) => c[0]!.score - a[0]!.score);
    if (next === undefined) break;
    all.push(next.shift()!);
  }
  return all;
}
