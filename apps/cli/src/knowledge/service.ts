import { existsSync } from 'node:fs';
import { AllKnowledge, ApiFailure, KnowledgeClient } from '@nanite/contracts';
import { NaniteError, nearest, socketPath } from '@nanite/kit';
import { personRuntimeDir } from '../person-places';
import { report } from '../report';
import { wrapped } from '../terminal/wrapped';

/** Of this person's service; `NANITE_RAG_SOCKET` moves it, for tests. */
const ownSocket = (env: NodeJS.ProcessEnv = process.env): string =>
  env['NANITE_RAG_SOCKET'] ?? `${personRuntimeDir(env, process.getuid?.() ?? 0)}/rag.sock`;

/** Of the service that a team shares on this machine. */
const teamSocket = (): string => socketPath('rag-team');

/** Whether a team shares files on this machine. */
export const hasTeam = (): boolean => existsSync(teamSocket());

/** What the options `--team` and `--own` say. */
export interface ScopeOptions {
  team?: boolean;
  own?: boolean;
}

/** The service whose collections are looked after: this person's, or with `--team` that of all. */
export const knowledge = (team = false): KnowledgeClient =>
  new KnowledgeClient(team ? teamSocket() : ownSocket());

/** What answers: the person's own service, which asks the team's too; the team's where the person has none. */
export function allKnowledge(): AllKnowledge {
  const team = hasTeam() ? knowledge(true) : null;
  return new AllKnowledge(existsSync(ownSocket()) || team === null ? knowledge() : null, team);
}

/** @throws NaniteError `usage` where both are wished, which is what is done without them */
export function scopeOf({ team, own }: ScopeOptions): { scope?: 'own' | 'team' } {
  if (team === true && own === true) {
    throw new NaniteError('usage', '--team and --own cannot be combined; without them both are searched');
  }
  return team === true ? { scope: 'team' } : own === true ? { scope: 'own' } : {};
}

const program = '/usr/lib/nanite/rag/main.mjs';

function withHint(failure: ApiFailure): ApiFailure {
  if (failure.code !== 'unreachable' || failure.hint !== null) return failure;
  const installed = existsSync(program);
  const team = failure.message.endsWith(teamSocket());
  const [message, hint] = !installed
    ? ['this needs the package nanite-rag, which is not installed', 'sudo apt install nanite-rag']
    : team
      ? [
          'no team shares files on this machine',
          'an administrator can: sudo systemctl enable --now nanite-rag-team.socket',
        ]
      : [
          'the service that indexes your files does not answer',
          'start it: systemctl --user start nanite-rag.socket\nlook at it: systemctl --user status nanite-rag',
        ];
  return new ApiFailure(503, 'unreachable', message!, hint, { cause: failure });
}

/** A collection that is not there: which one was meant, or which there are. */
async function withNames(failure: ApiFailure): Promise<ApiFailure> {
  const [, name = ''] = /no collection "?(.+?)"?$/.exec(failure.message) ?? [];
  const { collections } = await allKnowledge()
    .collections(AbortSignal.timeout(2000))
    .catch(() => ({ collections: [] }));
  const names = [...new Set(collections.map((each) => each.name))];
  const [meant] = nearest(name, names, 1);
  const hint =
    meant !== undefined
      ? `did you mean "${meant}"?`
      : names.length > 0
        ? `the collections are: ${names.join(', ')}`
        : 'there are none yet; make one: nanite knowledge add ~/Documents';
  return new ApiFailure(failure.status, failure.code, `there is no collection "${name}"`, hint, {
    cause: failure,
  });
}

/** Run a command that talks to nanite-rag; errors are told about, with what to do. */
export async function toldOfKnowledge(json: boolean, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ApiFailure)) return report(error, json, wrapped);
    return report(
      error.code === 'no-such-collection' ? await withNames(error) : withHint(error),
      json,
      wrapped,
    );
  }
}
