import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { CommandDescriptor } from '@nanite/contracts';
import { shareDir } from '@nanite/kit';
import { Argument, Command, Option } from 'commander';
import { helpForm } from '../command/help-form';
import { runProgram } from './run-program';

export interface ReadDescriptors {
  descriptors: CommandDescriptor[];
  /** Files that are not descriptors, and why. */
  faults: string[];
}

/** The commands that other packages bring: every /usr/share/nanite/commands/<name>.json. */
export function readDescriptors(folder = `${shareDir()}/commands`): ReadDescriptors {
  let files: string[];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return { descriptors: [], faults: [] };
  }
  const descriptors: CommandDescriptor[] = [];
  const faults: string[] = [];
  for (const file of files.sort()) {
    const path = `${folder}/${file}`;
    try {
      const descriptor = CommandDescriptor.parse(JSON.parse(readFileSync(path, 'utf8')));
      if (`${descriptor.name}.json` !== basename(path)) throw new Error(`its name is ${descriptor.name}`);
      descriptors.push(descriptor);
    } catch (error) {
      faults.push(
        `${path} does not describe a command: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return { descriptors, faults };
}

type Described = Pick<CommandDescriptor, 'name' | 'summary' | 'description' | 'arguments' | 'options'>;

/** A command whose words all go to another program, which alone understands them; ours is their description. */
function forwarding(described: Described, program: string[], finish: (status: number) => void): Command {
  const command = new Command(described.name)
    .summary(described.summary)
    .description(described.description ?? `${described.summary}.`)
    .allowUnknownOption()
    .allowExcessArguments()
    .enablePositionalOptions()
    .passThroughOptions()
    .helpOption(false)
    .helpCommand(false);
  for (const { name, description, choices } of described.arguments) {
    const argument = new Argument(name, description).argOptional();
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  const options = described.options.map(({ flags, description, choices }) => {
    const option = new Option(flags, description);
    return choices === undefined ? option : option.choices(choices);
  });
  shownOptions.set(command, options);
  command.configureHelp({ ...helpForm, visibleOptions: () => options });
  command.action(async () => {
    finish(await runProgram(program[0] ?? '', [...program.slice(1), ...wordsAfter(command)]));
  });
  return command;
}

/**
 * Options of forwarded commands: kept beside the command and not in it, because commander would then parse them and
 * take them away from the program that they are for.
 */
const shownOptions = new WeakMap<Command, Option[]>();

/** Options of a command as help, manual and completion show them. */
export function optionsOf(command: Command): readonly Option[] {
  return shownOptions.get(command) ?? command.options;
}

let wordsOfThisRun: readonly string[] = [];

/** Everything behind the command's own name, as the person typed it. */
function wordsAfter(command: Command): string[] {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  let from = 0;
  for (const name of names) from = wordsOfThisRun.indexOf(name, from) + 1;
  return wordsOfThisRun.slice(from);
}

/**
 * Add the commands of other packages to the table. A name that is taken stays ours; only second-level commands that we
 * do not have are added to it.
 */
export function addExternalCommands(
  program: Command,
  finish: (status: number) => void,
  words: readonly string[] = process.argv.slice(2),
): void {
  wordsOfThisRun = words;
  const { descriptors, faults } = readDescriptors();
  if (process.env['NANITE_DEBUG']) for (const fault of faults) process.stderr.write(`nanite: ${fault}\n`);
  for (const descriptor of descriptors) {
    const ours = program.commands.find((command) => command.name() === descriptor.name);
    const isGroup = ours !== undefined && ours.commands.length > 0;
    const parent = ours ?? forwarding(descriptor, descriptor.exec, finish);
    if (ours === undefined) program.addCommand(parent);
    if (ours !== undefined && !isGroup) continue;
    for (const child of descriptor.commands) {
      if (parent.commands.some((command) => command.name() === child.name)) continue;
      parent.addCommand(forwarding(child, [...descriptor.exec, child.name], finish));
    }
  }
}
