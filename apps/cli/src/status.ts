import type { DefaultModel, GatewayStatus, Worker } from '@nanite/contracts';
import { ApiFailure } from '@nanite/contracts';
import { cliSettings } from './cli-settings';
import { gateway } from './gateway-address';
import { report } from './report';
import { bytes, relativeTime } from './terminal/format';
import { paint } from './terminal/paint';
import { table } from './terminal/table';
import { wrapped } from './terminal/wrapped';
import { failedUnits, ourUnits, serviceStates, type Unit } from './units';

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What the gateway does not know, and how much is shown. */
export interface StatusOptions {
  /** Units of systemd; none where the gateway is not this machine's. */
  units?: readonly Unit[];
  /** Workers too, and what was decided for each. */
  verbose?: boolean;
  /** The person's setting cli.model. */
  ownModel?: string | null;
}

function planLine({ plan }: Worker): string {
  const parts = [
    plan.backend === 'cpu' ? (plan.cpuVariant ?? 'cpu') : `${plan.backend}, ${plan.gpuLayers} layers`,
    plural(plan.threads, 'thread') +
      (plan.threadsBatch === plan.threads ? '' : ` (${plan.threadsBatch} for prompts)`),
    `${plural(plan.slots, 'slot')} of ${plan.context} tokens`,
    ...(plan.kvType === null ? [] : [`cache ${plan.kvType}`]),
    bytes(plan.memoryBytes) + (plan.vramBytes > 0 ? ` + ${bytes(plan.vramBytes)} VRAM` : ''),
  ];
  return parts.join(', ');
}

/** What answers by default. `own`: the setting cli.model. */
function defaultLines(
  { name, reason, passedOver }: DefaultModel,
  own: string | null,
  stream: NodeJS.WriteStream,
): string[] {
  const { bold, dim } = paint(stream);
  const what =
    own !== null ? `${own}: the setting cli.model names it` : name === null ? reason : `${name}: ${reason}`;
  const others = own === null ? passedOver : [];
  return [
    bold('Answers by default'),
    wrapped(what, stream, '    ', '  '),
    ...others.map((other) => dim(wrapped(`${other.name} ${other.why}`, stream, '      ', '    - '))),
    '',
  ];
}

/** The status as people read it. `now` in milliseconds since 1970. */
export function statusText(
  status: GatewayStatus,
  now: number,
  stream: NodeJS.WriteStream = process.stdout,
  { units = [], verbose = false, ownModel = null }: StatusOptions = {},
): string {
  const { bold, dim, green, yellow, red } = paint(stream);
  const { engine, requests } = status;
  const lines: string[] = [];
  const states = { runs: green('runs'), ready: green('ready'), failed: red('failed') };
  const rows: string[][] = [
    ['gateway', green('answers'), `version ${status.version}, ${status.listeners.join(', ')}`],
    [
      'engine',
      engine === null ? yellow('does not answer') : green('answers'),
      engine === null
        ? ''
        : `${engine.launcher}, ${plural(engine.cpus, 'CPU')}, backends: ${engine.backends.join(', ')}`,
    ],
    ...status.backends.map(({ name, kind, url, remote, state }) => [
      name,
      state === 'ready' ? green(state) : yellow(state),
      `${kind} at ${url}${remote ? ', leaves this machine' : ''}`,
    ]),
    ...serviceStates(units).map(({ title, state, unit }) => [
      title,
      states[state],
      state === 'ready' ? 'starts when it is needed' : `${unit}.service`,
    ]),
  ];
  lines.push(bold('Services'), table(rows.map((row) => [`  ${row[0]}`, ...row.slice(1)])));

  const used = status.loaded.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const budget = status.memoryBudgetBytes;
  const served = `${plural(requests.served, 'request')} served, ${requests.running} running, ${requests.waiting} waiting`;
  lines.push(
    bold('Memory'),
    `${wrapped(`Models use ${bytes(used)}${budget === null ? '' : ` of the ${bytes(budget)} allowed`}; ${served}`, stream, '  ')}\n`,
  );

  if (status.defaultModel !== null) lines.push(...defaultLines(status.defaultModel, ownModel, stream));

  lines.push(bold('Loaded models'));
  if (status.loaded.length === 0) lines.push(dim('  none; a model is loaded when it is first asked\n'));
  for (const loaded of status.loaded) {
    const until = loaded.expiresAt === null ? '' : `, unloads ${relativeTime(loaded.expiresAt, now)}`;
    lines.push(
      `${wrapped(
        `${loaded.model}  ${loaded.state}, ${bytes(loaded.memoryBytes)}, ` +
          `${loaded.running}/${loaded.slots} slots busy, ${loaded.waiting} waiting${until}`,
        stream,
        '    ',
        '  ',
      )}\n`,
    );
  }

  if (verbose && engine !== null && engine.workers.length > 0) {
    lines.push(bold('Workers'));
    for (const worker of engine.workers) {
      lines.push(`  ${worker.id}  ${worker.state}${worker.pid === null ? '' : `, pid ${worker.pid}`}`);
      lines.push(wrapped(planLine(worker), stream, '    '));
      for (const reason of worker.plan.reasons) {
        lines.push(dim(wrapped(reason, stream, '      ', '    - ')));
      }
    }
    lines.push('');
  }

  const notices = [...status.notices, ...failedUnits(units)];
  if (notices.length > 0) {
    lines.push(yellow('Needs attention'));
    for (const { message, hint } of notices) {
      lines.push(wrapped(message, stream, '  '));
      if (hint !== null) lines.push(dim(wrapped(hint, stream, '    ')));
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** Whether the gateway that is asked is another machine's, or one that no unit of this one belongs to. */
const isElsewhere = (): boolean => Boolean(process.env['NANITE_HOST']);

/** `nanite status` */
export async function status(json: boolean, verbose: boolean): Promise<number> {
  const asked = isElsewhere() ? Promise.resolve([]) : ourUnits();
  try {
    const { model } = cliSettings();
    const now = await gateway().status();
    const units = await asked;
    const options = { units, verbose, ownModel: model };
    process.stdout.write(
      json
        ? `${JSON.stringify({ ...now, units }, null, 2)}\n`
        : statusText(now, Date.now(), process.stdout, options),
    );
    return 0;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) {
      return report(
        new ApiFailure(
          404,
          'not-nanite',
          'the server there is not a Nanite gateway',
          'nanite models, nanite ask and nanite chat work with it',
        ),
        json,
      );
    }
    const exit = report(error, json, wrapped);
    if (!json) {
      for (const { message, hint } of failedUnits(await asked)) {
        process.stderr.write(
          `${wrapped(`nanite: ${message}`, process.stderr)}\n${wrapped(hint, process.stderr, '  ')}\n`,
        );
      }
    }
    return exit;
  }
}
