import type { z } from 'zod';
import type { KnowledgeQuestion } from './answers';
import type { KnowledgeClient } from './client';
import type { CollectionList } from './collections';
import type { KnowledgeScope } from './scope';
import type { Passage, SearchAnswer, SearchRequest } from './search';

/**
 * A person's own knowledge and what a team shares on this machine, as one. The person's own service asks the team's and
 * makes one list of both; where a person has none, the team's is asked alone. Every call may throw ApiFailure.
 */
export class AllKnowledge {
  private readonly door: KnowledgeClient;

  /** At least one of them. */
  constructor(
    private readonly own: KnowledgeClient | null,
    private readonly team: KnowledgeClient | null,
  ) {
    const door = own ?? team;
    if (door === null) throw new TypeError('no service to ask');
    this.door = door;
  }

  search(request: z.input<typeof SearchRequest>, signal?: AbortSignal): Promise<SearchAnswer> {
    return this.clientFor(request.scope).search(request, signal);
  }

  ask(question: z.input<typeof KnowledgeQuestion>, signal?: AbortSignal): ReturnType<KnowledgeClient['ask']> {
    return this.clientFor(question.scope).ask(question, signal);
  }

  passage(id: number, scope: KnowledgeScope, signal?: AbortSignal): Promise<Passage> {
    return this.clientFor(scope).passage(id, signal);
  }

  /** Of both, those of the team marked as such. */
  async collections(signal?: AbortSignal): Promise<CollectionList> {
    const [own, team] = await Promise.all([this.own?.collections(signal), this.team?.collections(signal)]);
    return {
      collections: [
        ...(own?.collections ?? []),
        ...(team?.collections ?? []).map((one) => ({ ...one, scope: 'team' as const })),
      ],
    };
  }

  private clientFor(scope: z.input<typeof SearchRequest>['scope']): KnowledgeClient {
    return scope === 'team' && this.team !== null ? this.team : this.door;
  }
}
