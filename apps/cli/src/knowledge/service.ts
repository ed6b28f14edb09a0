import { existsSync } from 'node:fs';
import { ApiFailure, KnowledgeClient } from '@nanite/contracts';
import { socketPath } from '@nanite/kit';
import { personRuntimeDir } from '../person-places';
import { report } from '../report';

/** The service of this person where there is one, else that of the machine, which a team shares. */
export function knowledgeSocket(env: NodeJS.ProcessEnv = process.env): string {
  const own = `${personRuntimeDir(env, process.getuid?.() ?? 0)}/rag.sock`;
  const shared = socketPath('rag');
  return existsSync(own) || !existsSync(shared) ? own : shared;
}

export const knowledge = (): KnowledgeClient => new KnowledgeClient(knowledgeSocket());

const program = '/usr/lib/nanite/rag/main.mjs';

function withHint(failure: ApiFailure): ApiFailure {
  if (failure.code !== 'unreachable' || failure.hint !== null) return failure;
  const installed = existsSync(program);
  return new ApiFailure(
    503,
    'unreachable',
    installed
      ? `the service of your knowledge does not answer on ${knowledgeSocket()}`
      : 'this needs the package nanite-rag, which is not installed',
    installed
      ? 'start it: systemctl --user start nanite-rag.socket\nlook at it: systemctl --user status nanite-rag'
      : 'sudo apt install nanite-rag',
    { cause: failure },
  );
}

/** Run a command that talks to nanite-rag; errors are told about, with what to do. */
export async function toldOfKnowledge(json: boolean, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    return report(error instanceof ApiFailure ? withHint(error) : error, json);
  }
}
