#!/usr/bin/node
import { CommanderError } from 'commander';
import { createProgram } from './command/program';
import { exitStatus } from './exit-status';
import { version } from '../package.json';

/** Leave only when all output has been written, and at once: an idle connection must not hold the program. */
function leave(status: number): void {
  process.exitCode = status;
  if (process.stdout.writableLength === 0) process.exit();
  process.stdout.once('drain', () => process.exit());
}

// `nanite ask … | head -1`: the reader has enough. That is no error of ours to tell about.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitStatus.brokenPipe : exitStatus.error);
});
process.stderr.on('error', () => {});

async function main(argv: readonly string[]): Promise<void> {
  const program = createProgram(version, leave);
  const first = argv.find((word) => !word.startsWith('-'));
  const isBuiltIn = program.commands.some((command) => command.name() === first);
  // Descriptions of other packages' commands are read only where they can matter.
  const onlyVersion = argv[0] === '--version' || argv[0] === '-V';
  if ((!isBuiltIn && !onlyVersion) || first === 'models' || first === 'help' || first === '__complete') {
    const { addExternalCommands } = await import('./external/external-commands');
    addExternalCommands(program, leave);
  }
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap((child) => child.commands),
  ]) {
    command.exitOverride();
  }
  await program.parseAsync(argv, { from: 'user' });
}

main(process.argv.slice(2)).catch(async (error: unknown) => {
  if (error instanceof CommanderError) {
    // commander has already said what is wrong; its own status 1 means something else here.
    leave(error.exitCode === 0 ? exitStatus.ok : exitStatus.usage);
    return;
  }
  leave((await import('./report')).report(error));
});
