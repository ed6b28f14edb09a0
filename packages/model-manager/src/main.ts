import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
// Not from the index: whatever it names besides would be read before the first answer.
import { inheritedSockets } from '@nanite/kit/listen';
import { socketPath } from '@nanite/kit/paths';
import { runProgram } from '@nanite/kit/run-program';
import { serve } from '@nanite/kit/serve';
import { basisOfList, modelRoots } from './list/basis';
import { fingerprint } from './list/fingerprint';
import { KeptList } from './list/kept-list';
import { createDoor } from './service/door';
import type { Running } from './start';

const usage = `usage: nanite-models [--help]

Keeps the models of this machine and gets new ones, on ${socketPath('models')}.
See nanite-models(8).
`;

/** Whoever woke the service has asked by then, and is answered before all that it needs besides is loaded. */
const askedWithinMs = 50;

async function main(): Promise<void> {
  const kept = new KeptList(join(modelRoots().store, '.list.json'), () => fingerprint(basisOfList()));
  let loading: Promise<Running> | null = null;
  let running: Running | null = null;
  const load = (): Promise<Running> => {
    loading ??= import('./start').then(({ start }) => (running = start(kept)));
    return loading;
  };
  const door = createDoor(kept, async () => (await load()).answer);
  const answered = new Promise<void>((resolve) =>
    door.once('request', (_, response) => response.once('close', resolve)),
  );
  // Where systemd has no socket for it nobody waits, and what is wrong is told before anybody can ask.
  if (inheritedSockets().length === 0) await load();
  await serve(door, {
    socket: { path: socketPath('models'), mode: 0o666 },
    idleSeconds: () => running?.idleSeconds ?? 1,
    isBusy: () => running?.isBusy() ?? true,
    close: async () => (await loading)?.close(),
  });
  await Promise.race([answered, sleep(askedWithinMs)]);
  await load();
}

await runProgram('nanite-models', usage, main);
