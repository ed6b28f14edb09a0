import { describeError, NaniteError } from './errors';

/**
 * The outer shell of a service's program: `--help`, refusal of arguments (exit status 2), and an error of its start as a
 * line with its hint on standard error (exit status 1). What a service is told stands in the settings.
 *
 * @param name of the program, before its errors
 * @param usage text of `--help`
 */
export async function runProgram(name: string, usage: string, start: () => Promise<void>): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) {
    const help = ['--help', '-h'].includes(argument);
    (help ? process.stdout : process.stderr).write(usage);
    process.exitCode = help ? 0 : 2;
    return;
  }
  try {
    await start();
  } catch (error) {
    const hint = error instanceof NaniteError && error.hint !== null ? ` (${error.hint})` : '';
    process.stderr.write(`${name}: ${describeError(error)}${hint}\n`);
    // Timers and half-open sockets would keep it alive without a use.
    process.exit(1);
  }
}
