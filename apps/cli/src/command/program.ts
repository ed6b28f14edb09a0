import { Argument, Command, Option } from 'commander';
import { examples } from '../docs/examples';
import { helpForm } from './help-form';
import { addKnowledgeCommands } from './knowledge';
import { addModelCommands } from './models';
import { collect, keepAlive, modelName, number, wholeNumber } from './options';
import type { Runner } from './runner';

/**
 * The command table: --help, the manual pages and the completion of every shell are made from this tree.
 *
 * The value name of an option or argument says how it is completed: `model` by the installed models, `file` and
 * `folder` by paths, `setting` by the names of settings.
 *
 * Code of a command is imported only when it runs: the start of `nanite` costs its user time.
 *
 * @param finish is given the exit status of the command that ran
 */
export function createProgram(version: string, finish: (status: number) => void): Command {
  const program = new Command('nanite')
    .description('Ask language models that run on this machine, and manage them')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help about a command')
    .enablePositionalOptions()
    .showSuggestionAfterError(false)
    .configureHelp(helpForm)
    // Mistakes are told in one style with all other errors: usage-problem.ts.
    .configureOutput({ outputError: () => {} });

  const run: Runner =
    (action) =>
    async (...args) =>
      finish(await action(...args));

  program
    .command('ask')
    .summary('ask a question, get an answer on standard output')
    .description(
      'Ask a model one question and print its answer. Standard input and files are given to the model as context; ' +
        'without words on the command line, standard input is the question.',
    )
    .argument('[question...]', 'the question; quotes around it are not needed')
    .option(
      '-m, --model <model>',
      'model to ask (default: cli.model, else what nanite status names)',
      modelName,
    )
    .option('-s, --system <text>', 'system prompt: how to answer')
    .option('-f, --file <file>', 'give a text file or an image as context; may be repeated', collect, [])
    .option('--no-stdin', 'do not read standard input')
    .option('--knowledge', 'answer from your files, with citations (see nanite knowledge)')
    .option('--collection <collection>', 'only from this collection; may be repeated', collect, [])
    .option('--team', "answer only from the team's shared collections")
    .option('--own', 'answer only from your own files')
    .option('--json', 'print one JSON object: answer, model, tokens, timings')
    .option(
      '--schema <file>',
      'answer with JSON that matches this JSON schema (a file, or the schema itself)',
    )
    .option('--no-stream', 'print the answer only when it is complete')
    .option('-t, --temperature <number>', 'sampling temperature, 0 (focused) to 2 (random)', number(0, 2))
    .option('--seed <number>', 'seed for sampling: the same one gives the same answer', wholeNumber(0))
    .option('-n, --max-tokens <number>', 'end the answer after this many tokens', wholeNumber(1))
    .option('-c, --context <number>', 'tokens of context', wholeNumber(1))
    .option('--stop <text>', 'end the answer before this text; may be repeated', collect, [])
    .option(
      '-k, --keep-alive <duration>',
      'how long the model stays loaded afterwards: 10m, 1h, -1',
      keepAlive,
    )
    .option('--think', 'allow reasoning first, if the model supports it')
    .option('--no-think', 'answer at once, without reasoning')
    .action(
      run(async (words: string[], options: import('../ask/ask').AskOptions) =>
        (await import('../ask/ask')).ask(words, options),
      ),
    );

  program
    .command('chat')
    .summary('talk with a model')
    .description(
      'Hold a conversation in the terminal. Ctrl-C stops an answer, Ctrl-D leaves. A line that ends in a backslash ' +
        'goes on in the next one; """ begins and ends a text of several lines. /help lists the commands.',
    )
    .argument('[file]', 'conversation to continue, saved with /save')
    .option(
      '-m, --model <model>',
      'model to talk with (default: cli.model, else what nanite status names)',
      modelName,
    )
    .option('-s, --system <text>', 'system prompt: how to answer')
    .option('-t, --temperature <number>', 'sampling temperature, 0 (focused) to 2 (random)', number(0, 2))
    .option('--seed <number>', 'seed for sampling: the same one gives the same answer', wholeNumber(0))
    .option(
      '-k, --keep-alive <duration>',
      'how long the model stays loaded afterwards: 10m, 1h, -1',
      keepAlive,
    )
    .action(
      run(async (file: string | undefined, options: import('../chat/chat').ChatOptions) =>
        (await import('../chat/chat')).chat(file, options),
      ),
    );

  program
    .command('run', { hidden: true })
    .description(
      'Ask a model, or talk with it where no prompt is given, as `ollama run` does. The same as nanite ask -m and nanite chat -m.',
    )
    .argument('<model>', 'its name')
    .argument('[prompt...]', 'what to ask')
    .option('--keepalive, --keep-alive <duration>', 'how long the model stays loaded: 10m, 1h, -1', keepAlive)
    .option('--think', 'allow reasoning first, if the model supports it')
    .option('--no-think', 'answer at once')
    .action(
      run(async (model: string, words: string[], options: import('../ask/run').RunOptions) =>
        (await import('../ask/run')).runModel(model, words, options),
      ),
    );

  program
    .command('status')
    .summary('show services, loaded models and memory')
    .description(
      'Show what runs on this machine: the services, the models in memory, and what needs attention. With --verbose ' +
        'also what was decided for each model: backend, threads, context, memory.',
    )
    .option('-v, --verbose', 'also show how each loaded model runs, and why')
    .option('--json', 'print the status as JSON')
    .action(
      run(async ({ json = false, verbose = false }: { json?: boolean; verbose?: boolean }) =>
        (await import('../status')).status(json, verbose),
      ),
    );

  program
    .command('gpu')
    .summary('show the hardware and what it can run')
    .description(
      'Show processor, memory and GPUs, what works, and what to install so that more does. It runs ' +
        'nanite-gpu-detect(1), which has further options.',
    )
    .argument('[arguments...]', 'handed to nanite-gpu-detect')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(run(async (rest: string[]) => (await import('../gpu')).gpu(rest)));

  addKnowledgeCommands(program, run);
  addModelCommands(program, run);

  const config = program
    .command('config')
    .enablePositionalOptions()
    .summary('read and change settings')
    .description(
      'Read and change settings. Each value comes from the strongest layer that sets it: the defaults, packages ' +
        '(/usr/share/nanite/config.d), the administrator (/etc/nanite), you (~/.config/nanite/config.yaml, section ' +
        'cli only). Changes are checked first and keep the comments of the file. All settings: nanite-config(5).',
    );
  const system = (): Option =>
    new Option('--system', "change the administrator's file in /etc/nanite; needs root");
  config
    .command('list', { isDefault: true })
    .summary('list settings, their values and origins')
    .description('List settings with their values and where each was set.')
    .argument('[setting]', 'only this section, such as cli')
    .option('--json', 'print JSON')
    .action(
      run(async (key: string | undefined, options: { json?: boolean }) =>
        (await import('../config/config')).listSettings(key, options.json ?? false),
      ),
    );
  config
    .command('get')
    .summary('print the value of a setting')
    .description('Print the value of a setting, or of all settings of a section as YAML.')
    .argument('<setting>', 'its name, such as cli.model')
    .option('--json', 'print JSON')
    .action(
      run(async (key: string, options: { json?: boolean }) =>
        (await import('../config/config')).getSetting(key, options.json ?? false),
      ),
    );
  config
    .command('describe')
    .summary('explain a setting')
    .description(
      'Explain a setting: what it does, what it takes, its default, its value and where that was set.',
    )
    .argument('<setting>', 'its name, such as cli.model')
    .action(run(async (key: string) => (await import('../config/config')).describeSetting(key)));
  config
    .command('set')
    .summary('change a setting')
    .description(
      'Change a setting, yours or with --system that of the machine. Lists and maps are given as YAML.',
    )
    .argument('<setting>', 'its name, such as cli.model')
    .addArgument(new Argument('<value>', 'the new value; null where a setting may be empty'))
    .addOption(system())
    .action(
      run(async (key: string, value: string, options: { system?: boolean }) =>
        (await import('../config/config')).setSetting(key, value, options.system ?? false),
      ),
    );
  config
    .command('unset')
    .summary('reset a setting to its default')
    .description(
      'Take a setting out of your file, or with --system out of that of the machine: weaker layers count again.',
    )
    .argument('<setting>', 'its name, such as cli.model')
    .addOption(system())
    .action(
      run(async (key: string, options: { system?: boolean }) =>
        (await import('../config/config')).unsetSetting(key, options.system ?? false),
      ),
    );

  program
    .command('serve')
    .summary('run the services here, without systemd')
    .description(
      'Run nanite-engine and nanite-gateway in the foreground, for a place without systemd such as a container. ' +
        'Ctrl-C ends both; when one ends, so does the other. On a Debian system the services start by themselves ' +
        'when they are asked.',
    )
    .action(run(async () => (await import('../serve')).serve()));

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(
      run(async (words: string[]) =>
        (await import('../completion/complete')).printCompletions(program, words),
      ),
    );

  for (const command of walk(program)) {
    const lines = examples[pathOf(command)];
    if (lines !== undefined) {
      command.addHelpText('after', () => `\nExamples:\n${lines.map(([line]) => `  ${line}\n`).join('')}`);
    }
  }
  return program;
}

/** `nanite config set` */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** A command and all below it. */
export function* walk(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* walk(child);
}
