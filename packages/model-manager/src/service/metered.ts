import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

const run = promisify(execFile);
const place = ['org.freedesktop.NetworkManager', '/org/freedesktop/NetworkManager'];

/** NMMetered: yes, and guessed yes. */
const metered = new Set(['u 1', 'u 3']);

/** Whether NetworkManager calls the connection metered; where there is none, it is not. */
export async function isMetered(): Promise<boolean> {
  try {
    const { stdout } = await run(
      'busctl',
      ['--system', '--auto-start=no', 'get-property', ...place, place[0] ?? '', 'Metered'],
      { timeout: 5_000 },
    );
    return metered.has(stdout.trim());
  } catch {
    // No bus, or no NetworkManager on it.
    return false;
  }
}

/** Resolves once the connection is not metered. */
export async function waitWhileMetered(
  onWait: () => void,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
  everyMs = 15_000,
): Promise<void> {
  while (await ask()) {
    onWait();
    await sleep(everyMs, undefined, { signal });
  }
}
