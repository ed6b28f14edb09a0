import { Option, type Command } from 'commander';
import { collect, wholeNumber } from './options';
import type { Runner } from './runner';
import { day, fileType, fileTypes } from './search-options';

interface Json {
  json?: boolean;
  team?: boolean;
}

const json = '--json';
const asJson = 'print JSON';

const team = '--team';
/** Of the verbs of knowledge: whose collections. */
const shared = "for the team's shared collections";

/** `nanite search`, `nanite open` and `nanite knowledge …`: thin callers of nanite-rag. */
export function addKnowledgeCommands(program: Command, run: Runner): void {
  program
    .command('search')
    .summary('find passages in your files, by words and by meaning')
    .description(
      'Find passages in the files of your collections, by their words and by their meaning, best first. The number of ' +
        'a result opens it: nanite open 2. The percentage is how likely the passage is about what you look for; below 1 % ' +
        'none is shown.',
    )
    .argument('<words...>', 'what to look for; quotes around it are not needed')
    .option('-c, --collection <collection>', 'only in this collection; may be repeated', collect, [])
    .addOption(
      new Option(
        '-t, --type <type>',
        `only files of this type: ${fileTypes.join(', ')}, or an ending such as py; may be repeated`,
      )
        .argParser(fileType)
        .default([], 'all'),
    )
    .option('--path <glob>', 'only files whose path matches')
    .option('--after <date>', 'only files changed on or after: 2026-10-01, yesterday, 7d', (text) =>
      day(text),
    )
    .option('--before <date>', 'only files changed before', (text) => day(text))
    .addOption(
      new Option('--mode <mode>', 'words and meaning, words, meaning, or names of files as well')
        .choices(['hybrid', 'sparse', 'dense', 'names'])
        .default('hybrid'),
    )
    .option('-n, --limit <number>', 'results at most', wholeNumber(1, 200), 10)
    .option('--full', 'show whole passages')
    .option(team, "only in the team's shared collections")
    .option('--own', 'only in your own files')
    .option(json, asJson)
    .action(
      run(async (words: string[], options: import('../knowledge/search').SearchOptions) =>
        (await import('../knowledge/search')).search(words, options),
      ),
    );

  program
    .command('open')
    .summary('open a citation at its place')
    .description(
      'Open what an answer or a search cited, at its page or line: in the program that your desktop has for it, in ' +
        'your editor ($VISUAL, $EDITOR), or in the terminal. If there is none of these, the passage is printed.',
    )
    .argument('<citation>', 'number of the last answer or search, file:///path#L3, #page=3, or path:line')
    .option('--with <program>', 'open it with this program')
    .option('--print', 'print the command instead of running it')
    .action(
      run(async (what: string, options: import('../open/open').OpenOptions) =>
        (await import('../open/open')).open(what, options),
      ),
    );

  const knowledge = program
    .command('knowledge')
    .enablePositionalOptions()
    .summary('manage the folders that Nanite searches')
    .description(
      'Collections of folders whose files nanite search and nanite ask --knowledge look through. A service of your own ' +
        '(package nanite-rag) reads them, keeps its index in your home, and follows every change. Nothing leaves the machine.',
    );
  const collections = () => import('../knowledge/collections');

  knowledge
    .command('add')
    .summary('make a collection of folders')
    .description(
      'Make a collection of folders, or add folders to one. Hidden files, keys, mail stores, browser profiles and what ' +
        '.gitignore names are left out, unless --include names them. With --team the folders are shared with everybody ' +
        'on this machine; each person finds only what they may read. Only root and members of the group nanite can share.',
    )
    .argument('<folder...>', 'folders and single files')
    .option('--name <name>', 'its name (default: that of the first folder)')
    .option('--include <glob>', 'only these, even if they would be left out; may be repeated', collect, [])
    .option('--exclude <glob>', 'leave these out; may be repeated', collect, [])
    .option('--no-gitignore', 'include what .gitignore names')
    .option('--wait', 'return when everything is indexed (default on a terminal)')
    .option('--no-wait', 'return at once')
    .option(team, shared)
    .option(json, asJson)
    .action(
      run(async (folders: string[], options: import('../knowledge/collections').AddOptions) =>
        (await collections()).addFolders(folders, options),
      ),
    );
  knowledge
    .command('list', { isDefault: true })
    .summary('list collections and their indexing progress')
    .description('List collections, their indexing progress, and what does not work.')
    .option(team, shared)
    .option(json, asJson)
    .action(run(async (options: Json) => (await collections()).listCollections(options)));
  knowledge
    .command('show')
    .summary('show everything about one collection')
    .description('Show a collection, and which of its files could not be read and why.')
    .argument('<collection>', 'its name')
    .option(team, shared)
    .option(json, asJson)
    .action(run(async (name: string, options: Json) => (await collections()).showCollection(name, options)));
  knowledge
    .command('remove')
    .summary('remove collections; the files stay')
    .description('Remove collections and everything indexed from their files. The files themselves stay.')
    .argument('<collection...>', 'their names')
    .option(team, shared)
    .option(json, asJson)
    .action(
      run(async (names: string[], options: Json) => (await collections()).removeCollections(names, options)),
    );
  for (const [name, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    knowledge
      .command(name)
      .summary(paused ? 'stop following changes for now' : 'follow changes again')
      .description(
        paused
          ? 'Stop reading files for now. What is indexed is searched as before.'
          : 'Read files again, beginning with what has changed since.',
      )
      .argument('[collection...]', 'their names; none: all')
      .option(team, shared)
      .option(json, asJson)
      .action(
        run(async (names: string[], options: Json) =>
          (await collections()).pauseCollections(names, paused, options),
        ),
      );
  }
  knowledge
    .command('scan')
    .summary('read all folders of a collection again now')
    .description(
      'Read all folders of a collection again now, if changes cannot be watched, as on network file systems.',
    )
    .argument('<collection>', 'its name')
    .option('--no-wait', 'return at once')
    .option(team, shared)
    .option(json, asJson)
    .action(
      run(async (name: string, options: Json & { wait: boolean }) =>
        (await collections()).scanCollection(name, options),
      ),
    );
  const exchange = () => import('../knowledge/exchange');
  knowledge
    .command('export')
    .summary('export a collection to a file')
    .description(
      'Export a collection to a file: its folders, its options, and what was computed from its files, without their ' +
        'text. To import it, the files are needed, but not everything has to be computed again.',
    )
    .argument('<collection>', 'its name')
    .requiredOption('--to <file>', 'the file')
    .option(team, shared)
    .option(json, asJson)
    .action(
      run(async (name: string, options: { to: string } & Json) =>
        (await exchange()).exportCollection(name, options),
      ),
    );
  knowledge
    .command('import')
    .summary('import an exported collection')
    .description(
      'Restore a collection that was exported, here or on another machine that has the same files.',
    )
    .argument('<file>', 'the file')
    .option('--name <name>', 'its name here (default: the one it had)')
    .option('--root <folder>', 'where its folders are here, in their order; may be repeated', collect, [])
    .option('--wait', 'return when everything is indexed (default on a terminal)')
    .option('--no-wait', 'return at once')
    .option(team, shared)
    .option(json, asJson)
    .action(
      run(async (file: string, options: import('../knowledge/exchange').ImportOptions) =>
        (await exchange()).importCollection(file, options),
      ),
    );
  knowledge
    .command('eval')
    .summary('measure how well files are found')
    .description(
      'Measure retrieval on a folder in the form of BEIR (corpus.jsonl, queries.jsonl, qrels/test.tsv) or on the ' +
        'Cranfield files, in a throw-away collection: nDCG@10, recall@100 and MRR of words, meaning and both, and ' +
        'whether the difference is significant.',
    )
    .argument('<folder>', 'where they are')
    .option(json, asJson)
    .action(
      run(async (folder: string, options: Json) =>
        (await import('../knowledge/programs')).evaluate(folder, options),
      ),
    );
  knowledge
    .command('mcp')
    .summary('serve your knowledge to an agent or editor over MCP')
    .description(
      'Speak the Model Context Protocol on standard input and output: search, read a passage, list collections. Name ' +
        'this command in the settings of an agent or editor.',
    )
    .action(run(async () => (await import('../knowledge/programs')).serveMcp()));
}
