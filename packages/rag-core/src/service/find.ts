import type { SearchRequest } from '@nanite/contracts';
import { describeError, NaniteError } from '@nanite/kit';
import type { Retrieved, Wanted } from '../retrieve';
import type { Database } from '../store';
import { merged, type TeamKnowledge } from './team-knowledge';

export interface Places {
  database: Database;
  /** What a team shares here; null where nobody else is asked. */
  team: Pick<TeamKnowledge, 'there' | 'search'> | null;
  own(wanted: Wanted, signal: AbortSignal): Promise<Retrieved>;
}

const nothing: Retrieved = { hits: [], notes: [] };

/**
 * Find passages where the request says: in this index, in the team's, in both. Where the team's service fails, what is
 * one's own is found, and it is said.
 *
 * @throws NaniteError `no-team` 404, `no-such-collection` 404, and those of the service that fails where no other is asked
 */
export async function findIn(
  { database, team, own }: Places,
  { scope, ...wanted }: SearchRequest,
  signal: AbortSignal,
): Promise<Retrieved> {
  if (team === null) {
    if (scope !== 'own') return own(wanted, signal);
    throw new NaniteError('not-yours', 'this is what a team shares: your own files are elsewhere', {
      status: 400,
    });
  }
  if (scope === 'own') return own(wanted, signal);
  if (!team.there) {
    if (scope === 'all') return own(wanted, signal);
    throw new NaniteError('no-team', 'no team shares files on this machine', {
      status: 404,
      hint: 'an administrator can: sudo systemctl enable --now nanite-rag-team.socket',
    });
  }
  if (scope === 'team') return team.search(wanted, signal);

  const parts = await split(database, wanted);
  const [mine, theirs] = await Promise.all([
    parts.own === null ? nothing : own(parts.own, signal),
    parts.team === null ? nothing : teamOrWhyNot(team, parts.team, parts.own === null, signal),
  ]);
  return { hits: merged(mine.hits, theirs.hits, wanted.limit), notes: [...mine.notes, ...theirs.notes] };
}

async function teamOrWhyNot(
  team: Pick<TeamKnowledge, 'search'>,
  wanted: Wanted,
  alone: boolean,
  signal: AbortSignal,
): Promise<Retrieved> {
  try {
    return await team.search(wanted, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (alone || !(error instanceof NaniteError) || error.code === 'no-such-collection') throw error;
    return { hits: [], notes: [`what the team shares is not searched: ${describeError(error)}`] };
  }
}

/** What is asked of whom: a collection that is not the person's is the team's. */
async function split(
  database: Database,
  wanted: Wanted,
): Promise<{ own: Wanted | null; team: Wanted | null }> {
  const names = wanted.filter.collections;
  if (names === undefined) return { own: wanted, team: wanted };
  const rows = await database.all<{ name: string }>('SELECT name FROM collections');
  const mine = new Set(rows.map(({ name }) => name));
  const among = (collections: string[]): Wanted | null =>
    collections.length === 0 ? null : { ...wanted, filter: { ...wanted.filter, collections } };
  return {
    own: among(names.filter((name) => mine.has(name))),
    team: among(names.filter((name) => !mine.has(name))),
  };
}
