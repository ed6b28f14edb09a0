/**
 * Words that people know from Ollama, from other package managers, or simply guess, and the words of ours that they stand
 * for. They work, and are in no list: help, errors and the manual name one way of saying each thing.
 */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  pull: ['models', 'pull'],
  list: ['models', 'list'],
  ls: ['models', 'list'],
  ps: ['models', 'ps'],
  rm: ['models', 'rm'],
  show: ['models', 'show'],
  stop: ['models', 'stop'],
  cp: ['models', 'cp'],
  create: ['models', 'create'],
  version: ['--version'],
  'models ls': ['models', 'list'],
  'models remove': ['models', 'rm'],
  'models delete': ['models', 'rm'],
  'models info': ['models', 'show'],
  'models download': ['models', 'pull'],
  'models get': ['models', 'pull'],
  'models install': ['models', 'pull'],
  'knowledge ls': ['knowledge', 'list'],
  'knowledge rm': ['knowledge', 'remove'],
  'knowledge delete': ['knowledge', 'remove'],
  'knowledge search': ['search'],
  'knowledge ask': ['ask', '--knowledge'],
  'config ls': ['config', 'list'],
  'config show': ['config', 'list'],
};

/** The words of a command line with what {@link synonyms} has for the first one or two of them. */
export function inOurWords(words: readonly string[]): string[] {
  const [first = '', second = ''] = words;
  if (first === 'help') {
    // `nanite help pull`; a word that is not a command, as of `nanite help version`, is left to be told about.
    const meant = inOurWords(words.slice(1));
    return meant[0]?.startsWith('-') === true ? [...words] : ['help', ...meant];
  }
  for (const [key, taken] of [
    [`${first} ${second}`, 2],
    [first, 1],
  ] as const) {
    const ours = Object.hasOwn(synonyms, key) ? synonyms[key] : undefined;
    if (ours !== undefined) return [...ours, ...words.slice(taken)];
  }
  return [...words];
}

/** The command of ours that a synonym stands for, behind the same words: `list` for `ls` behind `nanite models`. */
export function ourWord(group: string, word: string): string {
  const meant = synonyms[`${group} ${word}`];
  return meant?.length === 2 && meant[0] === group ? (meant[1] ?? word) : word;
}

/** Synonyms that can stand behind `nanite`, or behind a group such as `models`. */
export const synonymsBehind = (group: string): string[] =>
  Object.keys(synonyms)
    .map((key) =>
      group === 'nanite' ? key : key.startsWith(`${group} `) ? key.slice(group.length + 1) : ' ',
    )
    .filter((word) => !word.includes(' '));
