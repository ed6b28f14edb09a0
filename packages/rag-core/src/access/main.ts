import { createLog, keepCapabilitiesToMyself, runProgram, serve, socketPath } from '@nanite/kit';
import { createAccessApi } from './api';

const usage = `usage: access.mjs [--help]

Tells nanite-rag-team which files a user may read, on ${socketPath('rag-access')}.
See nanite-rag(1).
`;

async function start(): Promise<void> {
  keepCapabilitiesToMyself();
  await serve(createAccessApi(createLog()), {
    socket: { path: socketPath('rag-access'), mode: 0o600 },
    idleSeconds: 60,
    isBusy: () => false,
    close: () => Promise.resolve(),
  });
}

void runProgram('nanite-rag-access', usage, start);
