import { Argument, Option, type Command } from 'commander';
import { collect } from './options';
import type { Runner } from './runner';

const stores = ['ollama', 'lm-studio', 'llama.cpp', 'huggingface', 'folder'] as const;

interface Json {
  json?: boolean;
}

/** `nanite models …`: what is installed by the gateway, everything that changes it by the store of nanite-models. */
export function addModelCommands(program: Command, run: Runner): void {
  const models = program
    .command('models')
    .enablePositionalOptions()
    .summary('find, download, check, share and remove models')
    .description(
      'Find, download, check, share, update and remove models. Models come as Debian packages (apt search ' +
        'nanite-model), or from anywhere through the model store of the package nanite-models.',
    );
  const json = '--json';
  const asJson = 'print JSON';
  const events = 'print each step as a line of JSON';

  models
    .command('list', { isDefault: true })
    .summary('list the installed models')
    .description('List the installed models, and whether each runs here.')
    .option(json, asJson)
    .action(
      run(async ({ json: asked = false }: Json) => (await import('../models/installed')).listModels(asked)),
    );
  models
    .command('show')
    .summary('show everything about one model')
    .description(
      'Show what is known about a model: what it can do, its context, parameters, licence, where it came from and ' +
        'what it was made from.',
    )
    .argument('<model>', 'its name')
    .option('--modelfile', 'print the Modelfile that would make it again, nothing else')
    .option('--template', 'print its chat template')
    .option('--licence', 'print the text of its licence')
    .option('--parameters', 'print its default parameters')
    .option('--system', 'print its system prompt')
    .option(json, asJson)
    .action(
      run(async (name: string, options: import('../models/installed').ShowOptions) =>
        (await import('../models/installed')).showModel(name, options),
      ),
    );
  models
    .command('search')
    .summary('search the catalogue')
    .description(
      'Search the catalogue of known models (package nanite-model-catalog): names, what they are good for, ' +
        'licences. The network is not used. Figures after a tilde are estimates; a question mark ' +
        'after a name means that its source is not confirmed, so a pull may find nothing.',
    )
    .argument('[words...]', 'words that must all occur; none: everything')
    .option('--all', 'show every quantisation')
    .option(json, asJson)
    .action(
      run(async (words: string[], options: { json?: boolean; all?: boolean }) =>
        (await import('../models/catalogue')).searchModels(words, options),
      ),
    );
  models
    .command('pull')
    .summary('download a model')
    .description(
      'Download a model, check every byte of it, and install it. A reference is a name of the catalogue or of the Ollama ' +
        'registry (llama3.1:8b), ollama://host/namespace/name:tag for any OCI registry, hf://org/repo:Q4_K_M or ' +
        'hf://org/repo:file for Hugging Face, https://…#sha256=…, or the path of a file. A download that was ' +
        'interrupted goes on where it stopped.',
    )
    .argument('<reference>', 'which one')
    .option('--name <name>', 'give it this name (default: as the source names it)')
    .option('--insecure', 'allow plain HTTP, self-signed certificates, and private addresses')
    .option('--token-file <file>', 'access token for the source (default for hf://: $HF_TOKEN)')
    .option('--metered', 'download on a metered connection too')
    .option('--background', 'print the name of the job and return at once; nanite models jobs shows it')
    .option(json, events)
    .action(
      run(async (reference: string, options: import('../models/fetch').PullOptions) =>
        (await import('../models/fetch')).pullModel(reference, options),
      ),
    );
  models
    .command('fit')
    .summary('check whether a model would run here')
    .description(
      'Check whether a model would run before downloading it: at which quantisation and context, in how much memory, ' +
        'and about how fast. The first line is the recommendation: the best quality that answers at reading speed ' +
        '(5 tokens a second), or the fastest if none does. Exit status 3 if it does not run at all.',
    )
    .argument('<reference>', 'which one, as for pull, or an installed model')
    .option('--insecure', 'allow plain HTTP and private addresses')
    .option(json, asJson)
    .action(
      run(async (reference: string, options: { insecure?: boolean; json?: boolean }) =>
        (await import('../models/keep')).fitModel(reference, options),
      ),
    );
  models
    .command('create')
    .summary('make a model from a Modelfile')
    .description(
      'Make a model from a Modelfile, as Ollama has them: FROM, PARAMETER, TEMPLATE, SYSTEM, ADAPTER, LICENSE and ' +
        'MESSAGE. It shares the weights of the model it is made from.',
    )
    .argument('<name>', 'name of the new model')
    .option('-f, --file <file>', 'the Modelfile; - for standard input', 'Modelfile')
    .option('--quantize <type>', 'quantise the weights to this type, such as q4_K_M: llama.cpp has the names')
    .option('--requantize', 'also weights that are already quantised, at a loss of quality')
    .option(json, events)
    .action(
      run(async (name: string, options: import('../models/fetch').CreateOptions) =>
        (await import('../models/fetch')).createModel(name, options),
      ),
    );
  models
    .command('cp')
    .summary('give a model a second name')
    .description('Copy a model. The copy shares the files of the first and takes no space.')
    .argument('<model>', 'which one')
    .argument('<name>', 'the new name')
    .option(json, asJson)
    .action(
      run(async (source: string, name: string, options: Json) =>
        (await import('../models/keep')).copyModel(source, name, options),
      ),
    );
  models
    .command('rm')
    .summary('remove models')
    .description(
      'Remove models. Files that other models share stay. Models of Debian packages are removed by apt.',
    )
    .argument('<model...>', 'their names')
    .option(json, asJson)
    .action(
      run(async (names: string[], options: Json) =>
        (await import('../models/keep')).removeModels(names, options),
      ),
    );
  models
    .command('update')
    .summary('check for new versions; try and install them')
    .description(
      'Without a name, ask the sources what has changed. With one, fetch the new files beside the old, ask both ' +
        'versions a few short questions, measure both, and make the new one current if it answers and is not much ' +
        'worse: less than 0.6 of the speed, more than twice as long (and 0.25 s) until the first word, or two right ' +
        'answers fewer. Otherwise the current one stays, and exit status 1 says so. --back takes an update back.',
    )
    .argument('[model]', 'its name')
    .option('--stage', 'only download the new version and verify its files')
    .option('--switch', 'only make the staged version current, untried')
    .option('--back', 'go back to the one before')
    .option('--yes', 'make it current even if it is slower or knows less, but not if it does not answer')
    .option('--no-check', 'make it current untried')
    .option(json, asJson)
    .action(
      run(async (name: string | undefined, options: import('../models/update').UpdateOptions) =>
        (await import('../models/update')).updateModel(name, options),
      ),
    );
  for (const [name, pinned] of [
    ['pin', true],
    ['unpin', false],
  ] as const) {
    models
      .command(name)
      .summary(pinned ? 'protect a model from updates and removal' : 'unpin a model')
      .description(
        pinned
          ? 'Keep a model as it is: neither updated nor removed.'
          : 'Let a model be updated and removed again.',
      )
      .argument('<model>', 'its name')
      .option(json, asJson)
      .action(
        run(async (model: string, options: Json) =>
          (await import('../models/keep')).pinModel(model, pinned, options),
        ),
      );
  }
  models
    .command('verify')
    .summary('check the files of models against their digests')
    .description(
      'Read every byte again, compare it with its digest, and download damaged files again. Exit status 1 if ' +
        'something stays damaged.',
    )
    .argument('[model...]', 'their names; none: all')
    .option('--no-repair', 'only report what is damaged')
    .option(json, events)
    .action(
      run(async (names: string[], options: { repair: boolean; json?: boolean }) =>
        (await import('../models/keep')).verifyModels(names, options),
      ),
    );
  models
    .command('du')
    .summary('show the disk space used by models')
    .description('Show the disk space used by models. A file that several models share counts once.')
    .option(json, asJson)
    .action(run(async (options: Json) => (await import('../models/keep')).diskUsage(options)));
  models
    .command('gc')
    .summary('remove files that belong to no model')
    .description('Remove files that belong to no model, and the remains of downloads that were given up.')
    .option(json, asJson)
    .action(run(async (options: Json) => (await import('../models/keep')).collectGarbage(options)));
  models
    .command('jobs')
    .summary('show downloads and other jobs in progress')
    .description(
      'Show the jobs in progress, or pause, resume, cancel or follow one. A paused or cancelled download keeps what ' +
        'it has.',
    )
    .addArgument(
      new Argument('[action]', 'what to do with it').choices(['pause', 'resume', 'cancel', 'follow']),
    )
    .argument('[job]', 'its name, from the list')
    .option('--all', 'also the jobs that ended in the last 10 minutes')
    .option(json, asJson)
    .action(
      run(
        async (
          action: 'pause' | 'resume' | 'cancel' | 'follow' | undefined,
          id: string | undefined,
          options: Json & { all?: boolean },
        ) => (await import('../models/keep')).jobs(action, id, options),
      ),
    );
  models
    .command('import')
    .summary('import models from another program, a folder or a stick')
    .description(
      'Import the models in a folder: the store of Ollama, LM Studio, llama.cpp or Hugging Face, an export of ' +
        'another machine, or loose files. Where the file system can, nothing is copied.',
    )
    .argument('<folder>', 'where they are')
    .addOption(
      new Option('--kind <kind>', 'what the folder is')
        .choices(['auto', 'export', ...stores])
        .default('auto'),
    )
    .option('--model <name>', 'only this one, as --dry-run names it; may be repeated', collect, [])
    .option('--dry-run', 'list what is there')
    .option(json, events)
    .action(
      run(async (path: string, options: Parameters<typeof import('../models/exchange').importModels>[1]) =>
        (await import('../models/exchange')).importModels(path, options),
      ),
    );
  models
    .command('export')
    .summary('export models to a stick or a folder')
    .description(
      'Copy models into a folder, with their manifests and SHA256SUMS, for a machine without a network: there, nanite ' +
        'models import reads the folder and checks every byte.',
    )
    .argument('<model...>', 'their names')
    .requiredOption('--to <folder>', 'where to')
    .option(json, events)
    .action(
      run(async (names: string[], options: { to: string; json?: boolean }) =>
        (await import('../models/exchange')).exportModels(names, { ...options, kind: 'export' }),
      ),
    );
  models
    .command('share')
    .summary('share models with another program without a copy')
    .description(
      'Link models into the store of another program, so that one file serves both: Ollama, LM Studio, ' +
        'llama.cpp, Hugging Face, or a plain folder.',
    )
    .argument('<model...>', 'their names')
    .addOption(new Option('--with <kind>', 'which program').choices(stores).makeOptionMandatory())
    .requiredOption('--to <folder>', 'its store')
    .option(json, events)
    .action(
      run(async (names: string[], options: { with: string; to: string; json?: boolean }) =>
        (await import('../models/exchange')).exportModels(names, { ...options, kind: options.with }),
      ),
    );
  models
    .command('ps')
    .summary('list the models in memory')
    .description('List the models in memory and when each unloads.')
    .option(json, asJson)
    .action(
      run(async ({ json: asked = false }: Json) => (await import('../models/installed')).listLoaded(asked)),
    );
  models
    .command('stop')
    .summary('take a model out of memory')
    .description('Take a model out of memory. It is loaded again when it is next asked.')
    .argument('<model>', 'its name')
    .action(run(async (name: string) => (await import('../models/installed')).stopModel(name)));
}
