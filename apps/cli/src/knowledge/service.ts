import { existsSync } from 'node:fs';
import { AllKnowledge, ApiFailure, KnowledgeClient } from '@nanite/contracts';
import { NaniteError, socketPath } from '@nanite/kit';
import { personRuntimeDir } from '../person-places';
import { report } from '../report';

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
    throw new NaniteError('usage', 'both are searched without --team and --own');
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
          `the service of your knowledge does not answer on ${ownSocket()}`,
          'start it: systemctl --user start nanite-rag.socket\nlook at it: systemctl --user status nanite-rag',
        ];
  return new ApiFailure(503, 'unreachable', message!, hint, { cause: failure });
}

/** Run a command that talks to nanite-rag; errors are told about, with what to do. */
export async function toldOfKnowledge(json: boolean, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    return report(error instanceof ApiFailure ? withHint(error) : error, json);
  }
}
