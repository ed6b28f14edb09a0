import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { NaniteError } from '@nanite/kit';
import { callerOf, personCalled, whoeverIsThere, type Person } from './person';
import { CheckId, type SelfCheckReport } from './report';
import { selfCheck } from './self-check';
import { isLive } from './system';
import { resultText, summaryText, type Look } from './text';

export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  look: Look;
  signal: AbortSignal;
}

interface Options {
  json: boolean;
  progress: boolean;
  quick: boolean;
  only?: CheckId[];
  person?: string;
  patience: number;
}

const idsOf = (text: string): CheckId[] =>
  text.split(',').map((id) => {
    const known = CheckId.safeParse(id);
    if (!known.success) throw new InvalidArgumentError(`'${id}' is not one of ${CheckId.options.join(', ')}`);
    return known.data;
  });

const factorOf = (text: string): number => {
  const factor = Number(text);
  if (!(factor > 0 && factor <= 1000)) throw new InvalidArgumentError('a number above 0, at most 1000');
  return factor;
};

/** Somebody who logs in by themselves at the start of the machine is waited for so many seconds. */
const loginSeconds = 120;

/** Whose session is looked at: the one named, the one there (`auto`), or of who called sudo. */
async function personOf(options: Options, root: boolean, signal: AbortSignal): Promise<Person | null> {
  const caller = callerOf();
  if (!root) {
    if (options.person !== undefined && options.person !== caller) {
      throw new NaniteError('usage', '--person is for root', { hint: 'sudo nanite-selfcheck --person NAME' });
    }
    return null;
  }
  if (options.person === 'auto') return whoeverIsThere(loginSeconds * options.patience, signal);
  const name = options.person ?? caller;
  return name === null ? null : personCalled(name, signal);
}

/**
 * The command `nanite-selfcheck`.
 *
 * @returns the exit status: 0 nothing failed, 1 something did, 2 wrong usage
 * @throws what the signal was aborted with
 */
export async function run(argv: readonly string[], version: string, io: Io): Promise<number> {
  const command = new Command('nanite-selfcheck')
    .description('Check whether Nanite works on this machine, and say what to do where it does not.')
    .version(version)
    .option('--json', 'print the report as JSON, on one line', false)
    .option('--progress', 'with --json: report each check on standard error', false)
    .option('--quick', 'ask no model, read no file and watch no network: a few seconds', false)
    .option('--only <ids>', `some checks, with commas between: ${CheckId.options.join(', ')}`, idsOf)
    .option('--person <name>', 'as root: whose session and files are checked; auto: whoever is logged in')
    .option('--patience <factor>', 'multiply every limit of time, for a slow machine', factorOf, 1)
    .addHelpText('after', '\nAs root it sees more: sudo nanite-selfcheck')
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride();
  try {
    command.parse([...argv], { from: 'user' });
    if (command.args.length > 0) command.error(`error: unexpected argument '${command.args[0]}'`);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const options = command.opts<Options>();
  const root = process.getuid?.() === 0;
  const person = await personOf(options, root, io.signal);
  // On a live medium somebody is logged in by themselves: that nobody is, is a fault.
  const nobody = options.person === 'auto' && person === null;
  const report: SelfCheckReport = await selfCheck({
    version,
    only: options.only ?? null,
    quick: options.quick,
    patience: options.patience,
    person,
    personName: person?.name ?? (root ? null : callerOf()),
    nobody: nobody && isLive() ? 'nobody is logged in on this live medium' : null,
    root,
    signal: io.signal,
    onResult: (result) => {
      if (!options.json) io.out(resultText(result, io.look));
      else if (options.progress) {
        io.err(
          `nanite-selfcheck: ${result.status} ${result.id} (${result.seconds} s): ${result.detail.split('\n')[0]}\n`,
        );
      }
    },
  });
  io.out(options.json ? `${JSON.stringify(report)}\n` : summaryText(report));
  return report.passed ? 0 : 1;
}
