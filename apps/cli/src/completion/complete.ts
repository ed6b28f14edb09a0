import { Settings, userSections } from '@nanite/contracts';
import { describeSettings } from '@nanite/kit';
import type { Command, Option } from 'commander';
import { inOurWords } from '../command/synonyms';
import { optionsOf } from '../external/external-commands';
import { gateway } from '../gateway-address';

/** What can stand at the cursor. */
export interface Completions {
  candidates: Array<{ value: string; description: string }>;
  /** The shell shall offer its files too. */
  files: boolean;
}

const none: Completions = { candidates: [], files: false };
const values = (list: readonly string[]): Completions => ({
  candidates: list.map((value) => ({ value, description: '' })),
  files: false,
});

const takesValue = (option: Option): boolean => option.required || option.optional;
const valueName = (option: Option): string =>
  /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1]?.replace('...', '') ?? '';

/** @param chats only those that can chat */
async function modelNames(chats: boolean): Promise<string[]> {
  const soon = AbortSignal.timeout(1500);
  try {
    if (chats) return await gateway().chatModels(Infinity, soon);
    const { models } = await gateway().tags(soon);
    return models.map(({ name }) => name);
  } catch {
    // A shell that completes is not a place for errors.
    return [];
  }
}

async function collectionNames(): Promise<string[]> {
  const { allKnowledge } = await import('../knowledge/service');
  try {
    return (await allKnowledge().collections(AbortSignal.timeout(1500))).collections.map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Numbers of what was shown last, and where each leads. */
async function citations(): Promise<Completions['candidates']> {
  const { rememberedCitations } = await import('../knowledge/remembered');
  const { describePlace, parseCitation } = await import('@nanite/contracts');
  return Object.entries(rememberedCitations()).map(([value, uri]) => {
    const citation = parseCitation(uri);
    const place = citation === null ? '' : describePlace(citation.place);
    const name = citation === null ? uri : (citation.path.toString().split('/').at(-1) ?? '');
    return { value, description: place === '' ? name : `${name}, ${place}` };
  });
}

/** Names of the catalogue, where it is installed. */
async function referenceNames(): Promise<string[]> {
  const { catalogueNames } = await import('../models/catalogue');
  try {
    return catalogueNames();
  } catch {
    return [];
  }
}

async function byKind(
  kind: string,
  choices: readonly string[] | undefined,
  user: boolean,
  chats: boolean,
): Promise<Completions> {
  if (choices !== undefined) return values(choices);
  switch (kind) {
    case 'model':
      return values(await modelNames(chats));
    case 'collection':
      return values(await collectionNames());
    case 'citation':
      return { candidates: await citations(), files: true };
    case 'reference':
      return {
        candidates: (await referenceNames()).map((value) => ({ value, description: '' })),
        files: true,
      };
    case 'file':
    case 'folder':
      return { candidates: [], files: true };
    case 'setting': {
      const shown = describeSettings(Settings).filter(
        ({ path }) => !user || (userSections as readonly string[]).includes(path[0] ?? ''),
      );
      return { candidates: shown.map(({ key, description }) => ({ value: key, description })), files: false };
    }
    default:
      return none;
  }
}

/**
 * What can stand at the cursor.
 *
 * @param line the words behind `nanite` up to the cursor; the last is the one being typed, and may be empty
 */
export async function completionsAt(program: Command, line: readonly string[]): Promise<Completions> {
  const typed = line.at(-1) ?? '';
  const words = [...inOurWords(line.slice(0, -1)), typed];
  let command = program;
  let positional = 0;
  let pending: Option | null = null;
  let onlyArguments = false;
  let system = false;
  for (const word of words.slice(0, -1)) {
    if (pending !== null) {
      pending = null;
      continue;
    }
    if (!onlyArguments && word === '--') {
      onlyArguments = true;
      continue;
    }
    if (!onlyArguments && word.startsWith('-') && word !== '-') {
      const option = optionsOf(command).find(({ short, long }) => short === word || long === word);
      if (option !== undefined && takesValue(option)) pending = option;
      if (word === '--system' && option !== undefined && !takesValue(option)) system = true;
      continue;
    }
    // `nanite help models pull`: what is named behind it is completed as itself.
    if (command === program && positional === 0 && word === 'help') continue;
    const child: Command | undefined =
      positional === 0 ? command.commands.find((candidate) => candidate.name() === word) : undefined;
    if (child !== undefined) command = child;
    else positional++;
  }

  const isSetter = command.name() === 'set' || command.name() === 'unset';
  const user = isSetter && !system;
  const chats = ['ask', 'chat', 'run'].includes(command.name());
  if (pending !== null) return byKind(valueName(pending), pending.argChoices, user, chats);
  const assigned = onlyArguments ? null : /^(--[a-z-]+)=/.exec(typed);
  if (assigned !== null) {
    const option = optionsOf(command).find(({ long }) => long === assigned[1]);
    if (option === undefined) return none;
    const found = await byKind(valueName(option), option.argChoices, user, chats);
    const candidates = found.candidates.map(({ value, description }) => ({
      value: `${assigned[0]}${value}`,
      description,
    }));
    return { candidates, files: false };
  }
  if (!onlyArguments && typed.startsWith('-')) {
    const shown = optionsOf(command).filter(({ hidden }) => !hidden);
    const candidates = shown.map(({ long, short, description }) => ({
      value: long ?? short ?? '',
      description,
    }));
    return { candidates: [...candidates, { value: '--help', description: 'print help' }], files: false };
  }

  const children = positional === 0 ? command.commands.filter((child) => !isHidden(child)) : [];
  const names = children.map((child) => ({ value: child.name(), description: child.summary() }));
  if (command === program && positional === 0)
    names.push({ value: 'help', description: 'print help about a command' });
  const parameters = command.registeredArguments;
  const last = parameters.at(-1);
  const parameter = parameters[positional] ?? (last?.variadic === true ? last : undefined);
  const found =
    parameter === undefined ? none : await byKind(parameter.name(), parameter.argChoices, user, chats);
  return { candidates: [...names, ...found.candidates], files: found.files };
}

export const isHidden = (command: Command): boolean =>
  (command as Command & { _hidden?: boolean })._hidden === true;

/**
 * `nanite __complete WORD…`, for the scripts of the shells: a line for each candidate that begins as the last word does,
 * a tab between value and description; the line `:files` where the shell shall offer files.
 */
export async function printCompletions(program: Command, words: readonly string[]): Promise<number> {
  const { candidates, files } = await completionsAt(program, words);
  const typed = words.at(-1) ?? '';
  const lines = candidates
    .filter(({ value }) => value.startsWith(typed))
    .map(({ value, description }) => `${value}\t${description.replace(/\s+/g, ' ')}`);
  if (files) lines.push(':files');
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}
