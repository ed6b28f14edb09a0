import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import { acceleration } from '@nanite/vm';
import type { BenchResult } from '../bench';
import { checkout } from '../peers/cache';
import { figure, markdownTable } from '../report/table';
import { summarise } from '../statistics/quantile';
import { powerOn, type PowerOn } from './power-on';

const images = join(checkout, 'dist/images');

export interface ImageBenchOptions {
  rounds: number;
  /** MiB. */
  memory: number;
  progress(message: string): void;
}

interface Side {
  name: string;
  what: string;
  path: string;
  bytes: number;
}

function newest(pattern: RegExp): string | null {
  const found = readdirSync(images)
    .filter((name) => pattern.test(name))
    .map((name) => ({ path: join(images, name), at: statSync(join(images, name)).mtimeMs }));
  return found.sort((one, other) => other.at - one.at)[0]?.path ?? null;
}

function side(name: string, what: string, pattern: RegExp, how: string): Side {
  const path = newest(pattern);
  if (path === null) throw new NaniteError('no-image', `there is no ${what} in dist/images/`, { hint: how });
  return { name, what, path, bytes: statSync(path).size };
}

const megabytes = (bytes: number): string => figure(bytes / 1e6);

/** Boot both images in turn, and in the other order in the next round, so that what drifts meets both alike. */
async function bootInTurns(sides: Side[], options: ImageBenchOptions): Promise<Map<string, PowerOn[]>> {
  const boots = new Map<string, PowerOn[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const { name, path } of round % 2 === 0 ? sides : [...sides].reverse()) {
      options.progress(`round ${round + 1} of ${options.rounds}: ${name}`);
      const boot = await powerOn({
        image: path,
        name: `${name}-${round + 1}`,
        firmware: 'bios',
        memory: options.memory,
      });
      options.progress(`    desktop after ${figure(boot.desktop)} s`);
      boots.get(name)?.push(boot);
    }
  }
  return boots;
}

/** Power-on to desktop and size of the image, beside a Debian live image of the same live-build. */
export async function measureImage(options: ImageBenchOptions): Promise<BenchResult> {
  const nanite = side('nanite', 'image', /-desktop-amd64\.iso$/, 'make iso');
  const plain = side('plain', 'plain Debian image', /-plain-amd64\.iso$/, 'make iso FLAVOUR=plain');
  const bare = newest(/-desktop-no-models-amd64\.iso$/);
  const bareBytes = bare === null ? null : statSync(bare).size;
  const boots = await bootInTurns([plain, nanite], options);
  const median = ({ name }: Side): number =>
    summarise((boots.get(name) ?? []).map(({ desktop }) => desktop)).p50;
  const ratio = median(nanite) / median(plain);
  const rows = [plain, nanite].map((one) => [
    one.what,
    megabytes(one.bytes),
    figure(median(one)),
    (boots.get(one.name) ?? []).map(({ desktop }) => figure(desktop)).join(', '),
  ]);
  if (bareBytes !== null) rows.push(['image without models', megabytes(bareBytes), '', '']);
  return {
    data: {
      acceleration: acceleration(),
      memory: options.memory,
      nanite,
      plain,
      bare,
      bareBytes,
      boots: Object.fromEntries(boots),
    },
    report: [
      `Both made by the same live-build, booted in turns on BIOS as a CD in QEMU (${acceleration()}, 2 processors, ${options.memory} MiB, no network card). The desktop is there when panel and icons can be read and the screen has stood still for 30 s; the time is that of the first picture that shows it so (docs/decisions/0130-when-a-desktop-is-there.md).`,
      markdownTable(['image', 'size, MB', 'power-on to desktop, median s', 'each'], rows),
    ].join('\n\n'),
    targets: [
      {
        what: 'power-on to desktop, ratio to plain Debian',
        measured: ratio,
        must: '<=',
        limit: 1.15,
        unit: '',
      },
      ...(bareBytes === null
        ? []
        : [
            {
              what: 'size without models, ratio to plain Debian',
              measured: bareBytes / plain.bytes,
              must: '<=' as const,
              limit: 1.15,
              unit: '',
            },
            {
              what: 'offline models add',
              measured: (nanite.bytes - bareBytes) / 1e6,
              must: '<=' as const,
              limit: 1300,
              unit: 'MB',
            },
          ]),
    ],
  };
}
