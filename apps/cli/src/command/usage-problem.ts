import { NaniteError, nearest } from '@nanite/kit';
import type { Command, CommanderError } from 'commander';
import { ourWord, synonymsBehind } from './synonyms';

/** The command to which a mistake belongs, as it is typed: `nanite models pull`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** Words with which a question begins, and hardly a command. */
const asking =
  /^(what|who|whom|whose|why|how|when|where|which|is|are|was|were|can|could|do|does|did|should|would|will|tell|explain|write|describe|summari[sz]e|translate|name|give|hello|hi)$/i;

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `"${word}"`);

const hasHelp = (command: Command): string => `${nameOf(command)} --help`;

/** The error for a word that is not a command of `parent`; `words` are all that came behind the parent. */
export function unknownCommand(parent: Command, words: readonly string[]): NaniteError {
  const [word = '', ...rest] = words;
  const isTop = parent.parent === null;
  const spoken = words.filter((each) => !each.startsWith('-'));
  const names = parent.commands
    .filter((child) => (child as Command & { _hidden?: boolean })._hidden !== true)
    .map((child) => child.name());
  const isQuestion = isTop && spoken.length > 1 && asking.test(word);
  const found = isQuestion ? [] : nearest(word, [...names, ...synonymsBehind(parent.name())]);
  // A synonym and the command that it stands for are one suggestion.
  const near = [...new Set(found.map((name) => ourWord(parent.name(), name)))].slice(0, 2);
  const tail = rest.map((each) => ` ${quoted(each)}`).join('');
  const lines = [
    ...near.slice(0, 1).map((name) => `did you mean: ${nameOf(parent)} ${name}${tail}`),
    ...near.slice(1).map((name) => `or: ${nameOf(parent)} ${name}${tail}`),
    ...(isTop && spoken.length > 1 ? [`to ask a model: nanite ask ${words.map(quoted).join(' ')}`] : []),
  ];
  const hint = lines.length > 0 ? lines.join('\n') : `${hasHelp(parent)} lists the commands`;
  return new NaniteError('usage', `unknown command: ${nameOf(parent)} ${word}`, { hint });
}

/** `<model>` in `error: missing required argument 'model'`. */
const between = (text: string): string[] =>
  [...text.matchAll(/'([^']*)'/g)].map(([, inside]) => inside ?? '');

function aboutOption(command: Command, flag: string): NaniteError {
  const known = command.options.flatMap(({ long, short, hidden }) => (hidden ? [] : [long ?? short ?? '']));
  const [near] = nearest(flag, [...known, '--help']);
  const hint = near === undefined ? `${hasHelp(command)} lists the options` : `did you mean ${near}?`;
  return new NaniteError('usage', `unknown option: ${flag}`, { hint });
}

/** `nanite knowledge ad x`: the command that runs where none is named got what was to be the name of one. */
function misread(command: Command): NaniteError | null {
  const { parent } = command;
  const first = parent?.args[0];
  if (parent === null || first === undefined || first === command.name() || first.startsWith('-'))
    return null;
  const { _defaultCommandName: byDefault } = parent as Command & { _defaultCommandName?: string };
  return byDefault === command.name() ? unknownCommand(parent, parent.args) : null;
}

const lowered = (text: string): string =>
  text.replace(/^./, (letter) => letter.toLowerCase()).replace(/\.$/, '');

/** `--model <model>` of `-m, --model <model>`. */
const flagsOf = (text: string): string => text.split(/,\s*/).at(-1) ?? text;

/**
 * A mistake in the command line, found by commander, in our words and with what to do.
 *
 * @param command the one that found it
 * @param error what commander made of it
 */
export function usageProblem(command: Command, { code, message }: CommanderError): NaniteError {
  const [first = ''] = between(message);
  const usage = `usage: ${nameOf(command)} ${command.usage()}`;
  switch (code) {
    case 'commander.unknownCommand':
      return unknownCommand(command, command.args.length > 0 ? command.args : [first]);
    case 'commander.unknownOption':
      return misread(command) ?? aboutOption(command, first);
    case 'commander.excessArguments': {
      const meant = misread(command);
      if (meant !== null) return meant;
      const most = command.registeredArguments.length;
      const extra = command.args.slice(most).map(quoted).join(' ');
      return new NaniteError('usage', `${nameOf(command)} does not take: ${extra}`, { hint: usage });
    }
    case 'commander.missingArgument':
      return new NaniteError('usage', `${nameOf(command)} needs <${first}>`, { hint: usage });
    case 'commander.optionMissingArgument':
      return new NaniteError('usage', `the option ${flagsOf(first)} needs a value`, {
        hint: hasHelp(command),
      });
    case 'commander.missingMandatoryOptionValue':
      return new NaniteError('usage', `${nameOf(command)} needs ${flagsOf(first)}`, { hint: usage });
    case 'commander.invalidArgument': {
      const argument = invalidArgument.exec(message)?.groups;
      const { name = '', value = '', why = '' } = argument ?? invalidOption.exec(message)?.groups ?? {};
      const shown = argument === undefined ? flagsOf(name).split(' ')[0] : `<${name}>`;
      const allowed = lowered(why.replace(/^Allowed choices are /, 'it takes '));
      const reason = allowed === '' ? '' : `: ${allowed}`;
      return new NaniteError('usage', `${shown} cannot be ${quoted(value)}${reason}`, {
        hint: hasHelp(command),
      });
    }
    default:
      return new NaniteError('usage', message.replace(/^error: /, ''), { hint: hasHelp(command) });
  }
}

/** What commander says of a bad value. */
const invalidOption = /^error: option '(?<name>.+?)' argument '(?<value>.*)' is invalid\.\s*(?<why>.*)$/s;
const invalidArgument =
  /^error: command-argument value '(?<value>.*)' is invalid for argument '(?<name>.+?)'\.\s*(?<why>.*)$/s;
