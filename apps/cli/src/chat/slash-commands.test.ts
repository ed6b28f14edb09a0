import { expect, it } from 'vitest';
import { slashCommand } from './slash-commands';

it.each([
  ['/help', { name: 'help', argument: '' }],
  ['/model  smollm2:135m ', { name: 'model', argument: 'smollm2:135m' }],
  ['/system Be\nbrief', { name: 'system', argument: 'Be\nbrief' }],
  ['/bye', { name: 'exit', argument: '' }],
  ['/?', { name: 'help', argument: '' }],
])('reads %j', (text, command) => expect(slashCommand(text)).toEqual(command));

it.each([['hello'], ['/etc/hosts: what is it?'], ['a /help'], ['/2 is half']])(
  'takes %j for a question',
  (text) => expect(slashCommand(text)).toBeUndefined(),
);

it('names the command that was meant', () => {
  expect(() => slashCommand('/modle x')).toThrow('there is no command /modle');
  try {
    slashCommand('/modle x');
  } catch (error) {
    expect((error as { hint: string }).hint).toBe('did you mean /model?');
  }
});
