import { join } from 'node:path';
import { runProgram, userStateDir } from '@nanite/kit';
import { personDoor } from './service/person-door';
import { runService } from './service/run';
import { TeamKnowledge } from './service/team-knowledge';
import { personSocket } from './socket';

const usage = `usage: nanite-rag [--help]

Keeps an index of your files and answers questions about them, on ${personSocket()}.
See nanite-rag(1).
`;

const owner = process.getuid?.() ?? 0;

void runProgram('nanite-rag', usage, () =>
  runService({
    folder: process.env['STATE_DIRECTORY'] ?? join(userStateDir(), 'knowledge'),
    socket: { path: personSocket(), mode: 0o600 },
    door: () => personDoor(() => owner),
    answering: { team: new TeamKnowledge() },
    rests: true,
  }),
);
