import { join } from 'node:path';
import { keepCapabilitiesToMyself, runProgram, runtimeDir, socketPath, stateDir } from '@nanite/kit';
import { AccessService } from '../access/client';
import { runService } from '../service/run';
import { TeamDoor } from './team-door';

const usage = `usage: team.mjs [--help]

Keeps an index of the folders that a team shares on this machine, and answers each person from what they may read, on
${socketPath('rag-team')}. See nanite-rag(1).
`;

void runProgram('nanite-rag-team', usage, async () => {
  // It may read every file. What it starts, to look into one of them or to ask who is in a group, may not.
  keepCapabilitiesToMyself();
  await runService({
    folder: process.env['STATE_DIRECTORY'] ?? join(stateDir(), 'knowledge'),
    socket: { path: socketPath('rag-team'), mode: 0o666 },
    door: (database) => new TeamDoor(database, new AccessService()),
    answering: { team: null, chroma: join(runtimeDir(), 'chroma.sock') },
    rests: false,
  });
});
