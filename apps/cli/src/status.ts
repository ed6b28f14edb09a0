import type { DefaultModel, GatewayStatus, Worker } from '@nanite/contracts';
import { ApiFailure } from '@nanite/contracts';
import { cliSettings } from './cli-settings';
import { gateway } from './gateway-address';
import { report } from './report';
import { bytes, relativeTime } from './terminal/format';
import { paint } from './terminal/paint';
import { table } from './terminal/table';

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

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
  bold: (text: string) => string,
  dim: (text: string) => string,
): string[] {
  const lines = [bold('Answers by default')];
  if (own !== null) lines.push(`  ${own}: the setting cli.model names it`);
  else lines.push(`  ${name === null ? reason : `${name}: ${reason}`}`);
  if (own === null) lines.push(...passedOver.map((other) => dim(`    - ${other.name} ${other.why}`)));
  return [...lines, ''];
}

/** The status as people read it. `now` in milliseconds since 1970, `ownModel` the person's setting cli.model. */
export function statusText(
  status: GatewayStatus,
  now: number,
  stream: NodeJS.WriteStream = process.stdout,
  ownModel: string | null = null,
): string {
  const { bold, dim, green, yellow } = paint(stream);
  const { engine, requests } = status;
  const lines: string[] = [];
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
  ];
  lines.push(bold('Services'), table(rows.map((row) => [`  ${row[0]}`, ...row.slice(1)])));

  const used = status.loaded.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const budget = status.memoryBudgetBytes;
  const served = `${plural(requests.served, 'request')} served, ${requests.running} running, ${requests.waiting} waiting`;
  lines.push(
    bold('Memory'),
    `  models use ${bytes(used)}${budget === null ? '' : ` of ${bytes(budget)} they may`}; ${served}\n`,
  );

  if (status.defaultModel !== null) lines.push(...defaultLines(status.defaultModel, ownModel, bold, dim));

  lines.push(bold('Loaded models'));
  if (status.loaded.length === 0) lines.push(dim('  none; a model is loaded when it is asked\n'));
  for (const loaded of status.loaded) {
    const until = loaded.expiresAt === null ? '' : `, unloaded ${relativeTime(loaded.expiresAt, now)}`;
    lines.push(
      `  ${loaded.model}  ${loaded.state}, ${bytes(loaded.memoryBytes)}, ` +
        `${loaded.running}/${loaded.slots} slots busy, ${loaded.waiting} waiting${until}\n`,
    );
  }

  if (engine !== null && engine.workers.length > 0) {
    lines.push(bold('Workers'));
    for (const worker of engine.workers) {
      lines.push(`  ${worker.id}  ${worker.state}${worker.pid === null ? '' : `, pid ${worker.pid}`}`);
      lines.push(`    ${planLine(worker)}`);
      for (const reason of worker.plan.reasons) lines.push(dim(`    - ${reason}`));
    }
    lines.push('');
  }

  if (status.notices.length > 0) {
    lines.push(yellow('Needs attention'));
    for (const { message, hint } of status.notices) {
      lines.push(`  ${message}`, ...(hint === null ? [] : [dim(`    ${hint}`)]));
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** `nanite status` */
export async function status(json: boolean): Promise<number> {
  try {
    const { model } = cliSettings();
    const now = await gateway().status();
    process.stdout.write(
      json ? `${JSON.stringify(now, null, 2)}\n` : statusText(now, Date.now(), process.stdout, model),
    );
    return 0;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) {
      return report(
        new ApiFailure(
          404,
          'not-nanite',
          'what answers there is no Nanite gateway',
          'nanite models works with it',
        ),
        json,
      );
    }
    return report(error, json);
  }
}
