#!/usr/bin/node
import { CommanderError, type Command } from 'commander';
import { createProgram } from './command/program';
import { inOurWords } from './command/synonyms';
import { exitStatus } from './exit-status';
import { version } from '../package.json';

/** Leave only when all output has been written, and at once: an idle connection must not hold the program. */
function leave(status: number): void {
  process.exitCode = status;
  if (process.stdout.writableLength === 0) process.exit();
  process.stdout.once('drain', () => process.exit());
}

// `nanite ask … | head -1`: the reader has enough. That is not an error of ours to tell about.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitStatus.brokenPipe : exitStatus.error);
});
process.stderr.on('error', () => {});

/** The command that found a mistake; commander's errors do not say. */
const foundBy = new WeakMap<CommanderError, Command>();

/** `nanite help models pull` @throws CommanderError once it is printed; NaniteError `usage` where there is no such command */
async function printHelp(program: Command, words: readonly string[]): Promise<never> {
  let command = program;
  for (const [i, word] of words.entries()) {
    if (word.startsWith('-')) break;
    const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (child === undefined && command.commands.length > 0) {
      throw (await import('./command/usage-problem')).unknownCommand(command, words.slice(i));
    }
    command = child ?? command;
  }
  return command.help();
}

async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram(version, leave);
  const words = inOurWords(argv);
  const first = words.find((word) => !word.startsWith('-'));
  const isBuiltIn = program.commands.some((command) => command.name() === first);
  // Descriptions of other packages' commands are read only where they can matter.
  const onlyVersion = words[0] === '--version' || words[0] === '-V';
  if ((!isBuiltIn && !onlyVersion) || first === 'models' || first === 'help' || first === '__complete') {
    const { addExternalCommands } = await import('./external/external-commands');
    addExternalCommands(program, leave, words);
  }
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((child) => child.commands),
  ]) {
    command.exitOverride((error) => {
      foundBy.set(error, command);
      throw error;
    });
  }
  if (words[0] === 'help') await printHelp(program, words.slice(1));
  await program.parseAsync(words, { from: 'user' });
}

const argv = process.argv.slice(2);
main(argv).catch(async (error: unknown) => {
  const isHelp = error instanceof CommanderError && /^commander\.(help|version)/.test(error.code);
  if (isHelp) return leave(error.exitCode === 0 ? exitStatus.ok : exitStatus.usage);
  const { report } = await import('./report');
  const { wrapped } = await import('./terminal/wrapped');
  const command = error instanceof CommanderError ? foundBy.get(error) : undefined;
  const told =
    command === undefined
      ? error
      : (await import('./command/usage-problem')).usageProblem(command, error as CommanderError);
  leave(report(told, argv.includes('--json'), wrapped));
});
