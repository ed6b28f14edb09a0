import type { DefaultModel, ModelEntry, ModelManifest } from '@nanite/contracts';
import type { KnownSpeed } from './speeds';

/**
 * Tokens a second that the model has to reach which answers by default: a little more than people read, 5.2 (ADR 124), so
 * that an answer does not keep its reader waiting.
 */
export const wantedSpeed = 6;

export interface DefaultChoice {
  entries: readonly ModelEntry[];
  /** Name in the settings; null: the best one. */
  wished: string | null;
  /** The entry that a name means. */
  find(name: string): ModelEntry | null;
  /** Memory that all models together may take. */
  budgetBytes: number;
  speedOf(entry: ModelEntry): KnownSpeed | null;
  /** Whether it is of a package, or was fetched by whoever asks or by root: not a model that somebody else made. */
  isTrusted(entry: ModelEntry): Promise<boolean>;
}

export const canChat = ({ capabilities }: ModelManifest): boolean => capabilities.includes('chat');

/**
 * The model that answers where nobody names one: the largest that fits in memory beside the one for search, and answers
 * quickly; where none is quick, the quickest.
 */
export async function chooseDefault(choice: DefaultChoice): Promise<DefaultModel> {
  const passedOver: DefaultModel['passedOver'] = [];
  if (choice.wished !== null) {
    const wished = choice.find(choice.wished);
    if (wished !== null && wished.runnable) {
      return { name: wished.manifest.name, reason: 'the setting gateway.defaultModel names it', passedOver };
    }
    const why =
      wished === null ? 'gateway.defaultModel names it, but it is not installed' : cannotRun(wished);
    passedOver.push({ name: choice.wished, why });
  }
  const besides = memoryForSearch(choice.entries);
  const fitting: ModelEntry[] = [];
  for (const entry of largestFirst(choice.entries)) {
    if (!(await choice.isTrusted(entry))) continue;
    const why = doesNotFit(entry, besides, choice.budgetBytes);
    if (why !== null) {
      passedOver.push({ name: entry.manifest.name, why });
      continue;
    }
    fitting.push(entry);
    const speed = choice.speedOf(entry);
    if (speed === null || speed.tokensPerSecond >= wantedSpeed) {
      return {
        name: entry.manifest.name,
        reason: reasonOf(fitting.length + passedOver.length, speed),
        passedOver,
      };
    }
    passedOver.push({
      name: entry.manifest.name,
      why: `gives ${perSecond(speed)} here; a default model needs ${wantedSpeed}`,
    });
  }
  return theQuickest(fitting, passedOver, choice);
}

function theQuickest(
  fitting: readonly ModelEntry[],
  passedOver: DefaultModel['passedOver'],
  { speedOf }: DefaultChoice,
): DefaultModel {
  const speed = (entry: ModelEntry): number => speedOf(entry)?.tokensPerSecond ?? 0;
  const quickest = [...fitting].sort((a, b) => speed(b) - speed(a))[0];
  if (quickest === undefined) {
    const reason =
      passedOver.length === 0 ? 'no model here can chat' : 'no model that can chat fits in memory';
    return { name: null, reason, passedOver };
  }
  const { name } = quickest.manifest;
  return {
    name,
    reason: `no model here reaches ${wantedSpeed} tokens/s; this is the fastest`,
    passedOver: passedOver.filter((other) => other.name !== name),
  };
}

function reasonOf(looked: number, speed: KnownSpeed | null): string {
  const which =
    looked === 1 ? 'the largest model here' : 'the largest model here that fits and is fast enough';
  if (speed === null) return `${which}; how fast it answers is not known yet`;
  const words = {
    answers: 'its last answers came at',
    measured: 'it was measured at',
    guess: 'it should reach about',
  };
  return `${which}; ${words[speed.basis]} ${perSecond(speed)}`;
}

/** Two digits: more would say more than is known. */
const perSecond = ({ tokensPerSecond }: KnownSpeed): string =>
  `${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tokens/s`;

function doesNotFit(entry: ModelEntry, besides: number, budget: number): string | null {
  if (!entry.runnable || entry.memoryBytes === null) return cannotRun(entry);
  if (entry.memoryBytes + besides <= budget) return null;
  const search = besides > 0 ? `, and search ${gibibytes(besides)}` : '';
  return `needs ${gibibytes(entry.memoryBytes)}${search}; models may take ${gibibytes(budget)} here`;
}

const cannotRun = ({ why }: ModelEntry): string => `cannot run here: ${why ?? 'the reason is not known'}`;

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** What the largest model that gives embeddings takes: a question about files needs both at once. */
const memoryForSearch = (entries: readonly ModelEntry[]): number =>
  Math.max(
    0,
    ...entries
      .filter(({ manifest, runnable }) => runnable && manifest.capabilities.includes('embedding'))
      .map(({ memoryBytes }) => memoryBytes ?? 0),
  );

/** Those that chat, the largest first; of like size the one that can do more, then by name. */
function largestFirst(entries: readonly ModelEntry[]): ModelEntry[] {
  return entries
    .filter(({ manifest, staged }) => !staged && canChat(manifest))
    .sort(
      ({ manifest: a }, { manifest: b }) =>
        parametersOf(b) - parametersOf(a) ||
        b.capabilities.length - a.capabilities.length ||
        a.name.localeCompare(b.name),
    );
}

const scale: Record<string, number> = { K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** Parameters, as `1.54B` or `8x7B` tells; where it tells none, as many as the weights have bytes. */
function parametersOf({ parameterSize, files }: ModelManifest): number {
  const [, experts = '1', number, unit] =
    /^(?:(\d+)x)?([\d.]+)\s*([KMBT])$/i.exec(parameterSize.trim()) ?? [];
  const parameters = Number(experts) * Number(number) * (scale[unit?.toUpperCase() ?? ''] ?? NaN);
  if (Number.isFinite(parameters)) return parameters;
  return files.reduce((sum, { role, size }) => sum + (role === 'weights' ? size : 0), 0);
}
