import { Capture } from './capture/capture';
import { fail, skip, type Check, type Surroundings, type Verdict } from './check';
import { ask } from './checks/ask';
import { boot } from './checks/boot';
import { disk } from './checks/disk';
import { hardware } from './checks/hardware';
import { knowledge } from './checks/knowledge';
import { listeners } from './checks/listeners';
import { heldByUs, memory, type Held } from './checks/memory';
import { judgePackets } from './checks/outbound';
import { gateway, models, team } from './checks/services';
import { session, units } from './checks/units';
import { isTimeOver, within } from './limit';
import { checkAs, type Person } from './person';
import type { CheckId, CheckResult, SelfCheckReport } from './report';
import { asResult, runCheck } from './run-check';
import { describeSystem } from './system';

export interface Wish {
  version: string;
  /** Only these; null: all. */
  only: readonly CheckId[] | null;
  quick: boolean;
  /** Multiplies every limit of time. */
  patience: number;
  /** Whose session and files are looked at, where root looks; null: of whoever runs this, or nobody's. */
  person: Person | null;
  /** Their name for the report; null: nobody's. */
  personName: string | null;
  /** Why there is nobody, where there should be; it fails what is to be looked at as that person. */
  nobody: string | null;
  root: boolean;
  signal: AbortSignal;
  /** Told of each result as soon as it is there. */
  onResult: (result: CheckResult) => void;
}

/** What was sent is known once all else is done: its entry. */
const outbound = { id: 'outbound', title: 'Nothing leaves the machine' } as const;

/** Seconds until the capture must be seen to work, and until it must have shown the last packet. */
const captureSeconds = 20;

const atRest = (before: Held): Check => memory(() => Promise.resolve(before));

/**
 * All checks, in an order in which none disturbs another: what is held at rest is measured before anything is asked, and
 * listeners and packets are looked at after everything has run.
 */
const checksOf = (before: Held): Check[] => [
  units,
  gateway,
  models,
  team,
  hardware,
  session,
  ask,
  knowledge,
  atRest(before),
  disk,
  boot,
  listeners,
];

/** @throws what the signal was aborted with, once everything is tidied up */
export async function selfCheck(wish: Wish): Promise<SelfCheckReport> {
  const { signal, patience, root } = wish;
  const startedAt = new Date();
  const system = await describeSystem(signal);
  const around: Surroundings = { root, live: system.live };
  const wanted = (id: CheckId, quick: boolean) =>
    wish.only === null ? quick || !wish.quick : wish.only.includes(id);
  const results: CheckResult[] = [];
  const tell = (result: CheckResult) => {
    results.push(result);
    wish.onResult(result);
  };

  const before = await heldByUs();
  const watch = wanted('outbound', false);
  const since = performance.now();
  const capture = watch ? await startCapture(root, captureSeconds * patience, signal) : null;
  try {
    const checks = checksOf(before).filter(({ id, quick }) => wanted(id, quick));
    for (const check of checks) {
      const elsewhere = check.side === 'person' && (wish.person !== null || wish.nobody !== null);
      tell(await (elsewhere ? asPerson(check, wish) : runCheck(check, around, patience, signal)));
    }
    if (watch) {
      const verdict = await endCapture(capture!, captureSeconds * patience, signal);
      tell(asResult(outbound, verdict, (performance.now() - since) / 1000));
    }
  } catch (error) {
    if (capture instanceof Capture) capture.cancel();
    throw error;
  }
  return {
    schema: 1,
    version: wish.version,
    startedAt: startedAt.toISOString(),
    seconds: Math.round(performance.now() - since) / 1000,
    system,
    person: wish.personName,
    root,
    passed: results.every(({ status }) => status !== 'fail'),
    checks: results,
  };
}

/** One check as the person, in a process of its own: what it found is known as soon as it has ended. */
async function asPerson(check: Check, { person, patience, signal, nobody }: Wish): Promise<CheckResult> {
  if (person === null) {
    const hint = 'see why: journalctl -b -u display-manager -u getty@tty1';
    return asResult(check, fail(nobody ?? 'nobody is logged in', hint), 0);
  }
  const since = performance.now();
  const result = await checkAs(person, check.id, ['--patience', String(patience)], signal);
  if (typeof result !== 'string') return result;
  const seconds = (performance.now() - since) / 1000;
  return asResult(check, fail(`as ${person.name}: ${result}`, 'report this as a bug'), seconds);
}

async function startCapture(root: boolean, seconds: number, signal: AbortSignal): Promise<Capture | Verdict> {
  if (!root) return skip('only root can see what is sent', 'sudo nanite-selfcheck');
  try {
    const capture = await within(seconds, signal, (limited) => Capture.start(limited));
    if (typeof capture !== 'string') return capture;
    if (capture.includes('not installed')) return skip(capture, 'sudo apt install tcpdump');
    return fail(`what is sent cannot be seen: ${capture}`, 'sudo tcpdump -i any says more');
  } catch (error) {
    if (!isTimeOver(error)) throw error;
    return fail('what is sent cannot be seen: not even our own probe was', 'sudo tcpdump -i any says more');
  }
}

async function endCapture(
  capture: Capture | Verdict,
  seconds: number,
  signal: AbortSignal,
): Promise<Verdict> {
  if (!(capture instanceof Capture)) return capture;
  try {
    const packets = await within(seconds, signal, (limited) => capture.stop(limited));
    if (typeof packets !== 'string') return judgePackets(packets);
    return fail(`the capture ended early: ${packets}`, 'check again; sudo tcpdump -i any says more');
  } catch (error) {
    if (!isTimeOver(error)) throw error;
    return fail('the capture stopped seeing what is sent', 'check again, with more time: --patience 10');
  }
}
