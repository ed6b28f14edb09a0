import { fail, pass, skip, type Check, type Verdict } from '../check';
import { runProgram } from '../program';

/** Names of the units in `systemctl list-units --failed --plain --no-legend`. */
export const failedUnits = (listing: string): string[] =>
  listing
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .filter((name) => name !== '');

async function look(manager: readonly string[], signal: AbortSignal): Promise<Verdict> {
  const own = manager.includes('--user');
  const systemctl = ['systemctl', ...manager];
  const ran = await runProgram([...systemctl, 'list-units', '--failed', '--plain', '--no-legend'], signal);
  if (ran === null || ran.code !== 0) {
    const why = ran === null ? 'there is no systemctl' : ran.stderr.trim().split('\n')[0];
    return own
      ? skip(
          `this session has no systemd of its own: ${why}`,
          'log in, or name somebody who is: --person NAME',
        )
      : skip(`systemd is not asked: ${why}`);
  }
  const failed = failedUnits(ran.stdout);
  if (failed.length === 0) return pass('none has failed', { failed: 0 });
  const journal = `journalctl ${own ? '--user ' : ''}-b -u ${failed[0]}`;
  return fail(`failed: ${failed.join(', ')}`, `see why: ${journal}`, { failed: failed.length });
}

export const units: Check = {
  id: 'units',
  title: 'Services of the system',
  side: 'machine',
  seconds: 20,
  quick: true,
  run: (signal) => look([], signal),
};

export const session: Check = {
  id: 'session',
  title: 'Services of the session',
  side: 'person',
  seconds: 20,
  quick: true,
  run: (signal) => look(['--user'], signal),
};
