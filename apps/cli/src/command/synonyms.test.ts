import { expect, it } from 'vitest';
import { createProgram, pathOf, walk } from './program';
import { inOurWords } from './synonyms';

it.each([
  ['pull llama3.2:1b', 'models pull llama3.2:1b'],
  ['ls --json', 'models list --json'],
  ['models remove x', 'models rm x'],
  ['knowledge search a b', 'search a b'],
  ['config show cli', 'config list cli'],
  ['version', '--version'],
  ['help pull', 'help models pull'],
  ['help models download', 'help models pull'],
  // What only looks like one is left alone.
  ['ask list three colours', 'ask list three colours'],
  ['search ls', 'search ls'],
  ['models show ls', 'models show ls'],
  ['help', 'help'],
  ['constructor', 'constructor'],
  ['', ''],
])('%s: %s', (typed, ours) => expect(inOurWords(typed.split(' ')).join(' ')).toBe(ours));

it('takes no word away from a command that exists', () => {
  for (const command of walk(createProgram('0', () => {}))) {
    const words = pathOf(command).split(' ').slice(1);
    if (words.length > 0) expect(inOurWords(words)).toEqual(words);
  }
});
