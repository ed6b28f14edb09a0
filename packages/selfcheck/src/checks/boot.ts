import { setTimeout as sleep } from 'node:timers/promises';
import { pass, skip, type Check, type Verdict } from '../check';
import { runProgram } from '../program';

const units: Record<string, number> = { d: 86_400, h: 3600, min: 60, s: 1, ms: 0.001, us: 0.000_001 };

/** Seconds in systemd's words for a span of time, such as `1min 2.345s`. */
export const spanSeconds = (text: string): number =>
  [...text.matchAll(/([\d.]+)\s*(min|ms|us|d|h|s)\b/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit!]!,
    0,
  );

/** `systemd-analyze time`, read. Null where it is not about a boot: a container, or still under way. */
export function readBootTime(text: string): Verdict | null {
  const [, parts, whole] = /^Startup finished in (.+?)(?: = (.+))?$/m.exec(text) ?? [];
  if (parts === undefined) return null;
  const data: Record<string, number> = {};
  for (const [, span, name] of parts.matchAll(/([^+]+?) \((\w+)\)/g))
    data[`${name!}Seconds`] = spanSeconds(span!);
  data['totalSeconds'] = whole === undefined ? spanSeconds(parts) : spanSeconds(whole);
  const graphical = /^(\S+\.target) reached after (.+?) in userspace/m.exec(text);
  if (graphical !== null) data['targetSeconds'] = spanSeconds(graphical[2]!);
  return pass(text.trim().replaceAll('\n', '; '), data);
}

export const boot: Check = {
  id: 'boot',
  title: 'Time to start',
  side: 'machine',
  seconds: 60,
  quick: true,
  run: async (signal) => {
    const until = Date.now() + 30_000;
    for (;;) {
      const ran = await runProgram(['systemd-analyze', 'time'], signal);
      if (ran === null) return skip('there is no systemd-analyze');
      const verdict = ran.code === 0 ? readBootTime(ran.stdout) : null;
      if (verdict !== null) return verdict;
      const why = ran.stderr.trim().split('\n')[0] ?? '';
      // Once a machine is started it says how long it took; this may run a moment earlier.
      if (!why.includes('not yet finished') || Date.now() > until)
        return skip(`systemd does not say: ${why}`);
      await sleep(1000, undefined, { signal });
    }
  },
};
