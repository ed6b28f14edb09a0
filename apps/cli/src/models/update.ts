import {
  ApiFailure,
  stagedName,
  type GatewayClient,
  type ModelDetails,
  type UpdateList,
} from '@nanite/contracts';
import { exitStatus } from '../exit-status';
import { gateway } from '../gateway-address';
import { bytes } from '../terminal/format';
import { paint } from '../terminal/paint';
import { PassingLine } from '../terminal/passing-line';
import { sanitise } from '../terminal/sanitise';
import { table } from '../terminal/table';
import { wrapped } from '../terminal/wrapped';
import { follow } from './follow';
import { print } from '../terminal/print';
import { store, told } from './store';
import { better, kindOf, tryModel, type Trial, type TrialKind } from './trial';
import { judge, type Verdict } from './verdict';

export interface UpdateOptions {
  stage?: boolean;
  switch?: boolean;
  back?: boolean;
  /** Make it current although it is worse. */
  yes?: boolean;
  /** False: make it current untried. */
  check: boolean;
  json?: boolean;
}

export function updateTable({ updates }: UpdateList): string {
  if (updates.length === 0) return 'No model has a source to check for updates.\n';
  const { dim } = paint(process.stdout);
  const changed = updates.filter(({ changes }) => changes.length > 0);
  const rows = updates.map(({ name, changes, fetchBytes, staged, previous, error }) => [
    name,
    error !== null ? 'not known' : changes.length === 0 ? dim('no') : 'yes',
    fetchBytes === null || changes.length === 0 ? '-' : bytes(fetchBytes),
    [...(staged ? ['staged'] : []), ...(previous ? ['can go back'] : [])].join(', '),
  ]);
  // What changed is one line each below: sentences do not fit into a table on 80 columns.
  const details = updates.flatMap(({ name, changes, error }) =>
    [...changes, ...(error === null ? [] : [error])].map(
      (line) => `${wrapped(`${name}: ${sanitise(line)}`, process.stdout, '  ', '')}\n`,
    ),
  );
  const next = changed[0] === undefined ? '' : dim(`nanite models update ${changed[0].name}\n`);
  return [table(rows, { head: ['NAME', 'CHANGED', 'TO FETCH', ''] }), details.join(''), next]
    .filter((part) => part !== '')
    .join('\n');
}

/** `nanite models update`: without a name what has changed; with one, fetch, try, and make it current. */
export const updateModel = (name: string | undefined, options: UpdateOptions): Promise<number> =>
  told(options.json ?? false, async () => {
    const client = store();
    const json = options.json ?? false;
    if (name === undefined) {
      const list = await client.updates();
      return print(list, json, () => updateTable(list));
    }
    const act = (action: 'stage' | 'switch' | 'back') =>
      follow(client, (signal) => client.update({ model: name, action }, signal), { json });
    const say = (text: string): void => void (json || process.stdout.write(text));
    const current = await client.show(name);
    const called = current.manifest.name;
    if (options.back) {
      await act('back');
      await forget(called);
      say(`${called} is the earlier version again; the same command goes forward.\n`);
      return exitStatus.ok;
    }
    if (!options.switch) {
      const { changes = [] } = ((await act('stage'))?.result ?? {}) as { changes?: string[] };
      for (const change of changes) say(`${sanitise(change)}\n`);
      if (changes.length === 0) {
        say(`${called} is what its source has.\n`);
        return exitStatus.ok;
      }
      if (options.stage) {
        say(`The new ${called} is staged. Next: nanite models update ${called}\n`);
        return exitStatus.ok;
      }
    }
    const kind = kindOf(current.manifest.capabilities);
    if (options.check && !options.switch && kind === null) {
      const skipped = 'models of this kind cannot be tried out, so it was not';
      if (json) process.stdout.write(`${JSON.stringify({ status: 'not checked', why: skipped })}\n`);
      say(`${skipped}.\n`);
    } else if (options.check && !options.switch && kind !== null) {
      const checked = await compare(gateway(), current, kind);
      if (json) process.stdout.write(`${JSON.stringify({ status: 'checked', check: checked })}\n`);
      say(`\n${trialTable(checked.current, checked.staged)}\n`);
      const take = checked.verdict === 'take' || (checked.verdict === 'worse' && options.yes === true);
      if (!take) {
        say(refusalText(called, checked));
        return exitStatus.error;
      }
    }
    await act('switch');
    await forget(called);
    say(`${called} is the new version now. Back: nanite models update ${called} --back\n`);
    return exitStatus.ok;
  });

interface Compared extends Verdict {
  current: Trial;
  staged: Trial;
}

/**
 * Try the current version and the staged one, one after the other.
 *
 * @throws ApiFailure `unreachable` where no gateway of this machine answers
 */
async function compare(
  client: GatewayClient,
  { manifest }: ModelDetails,
  kind: TrialKind,
): Promise<Compared> {
  const line = new PassingLine();
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  const staged = stagedName(manifest.id);
  const options = { signal: stop.signal, say: (what: string) => line.show(what) };
  try {
    // Makes it look again at what is installed.
    await client.tags(stop.signal);
    const both = async () => ({
      current: await tryModel(client, manifest.name, kind, options),
      staged: await tryModel(client, staged, kind, options),
    });
    let tried = await both();
    if (judge(tried.current, tried.staged).verdict === 'worse') {
      // Something else may have been busy in the one half and not in the other.
      const again = await both();
      tried = {
        current: better(tried.current, again.current),
        staged: better(tried.staged, again.staged),
      };
    }
    return { ...tried, ...judge(tried.current, tried.staged) };
  } catch (error) {
    if (!(error instanceof ApiFailure) || (error.code !== 'unreachable' && error.code !== 'no-access')) {
      throw error;
    }
    throw new ApiFailure(
      error.status,
      error.code,
      `the new ${manifest.name} cannot be tried: ${error.message}`,
      `It is staged. Start the gateway and try again, or make it current untried:\nnanite models update ${manifest.name} --switch`,
      { cause: error },
    );
  } finally {
    process.off('SIGINT', onSignal);
    line.clear();
    await client.load(staged, 0).catch(() => {});
  }
}

/** The gateway has what it loaded before: it looks again. Where none answers there is nothing to forget. */
async function forget(name: string): Promise<void> {
  const client = gateway();
  await client.load(name, 0).catch(() => {});
  await client.tags().catch(() => {});
}

const seconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)} s`);
const speed = ({ speed: value, unit }: Trial): string =>
  value === null ? '-' : `${value.toFixed(0)} ${unit}`;

export function trialTable(now: Trial, next: Trial): string {
  const { bold } = paint(process.stdout);
  const answers = ({ right, asked }: Trial): string => (asked === 0 ? '-' : `${right} of ${asked}`);
  return table([
    ['', 'NOW', 'NEW'].map(bold),
    ['right answers', answers(now), answers(next)],
    ['speed', speed(now), speed(next)],
    ['first word after', seconds(now.firstToken), seconds(next.firstToken)],
  ]);
}

export function refusalText(name: string, { verdict, why }: Verdict): string {
  const { yellow } = paint(process.stdout);
  const reasons = why.map((each) => `${wrapped(sanitise(each), process.stdout, '  ')}\n`).join('');
  const how =
    verdict === 'worse'
      ? `nanite models update ${name} --yes      make it current anyway\n`
      : `nanite models update ${name} --switch   make it current anyway\n`;
  return `${yellow(`${name} stays as it is.`)} The new one:\n${reasons}It is kept beside the current one.\n  ${how}`;
}
