import { expect, it } from 'vitest';
import { createProgram, walk } from '../command/program';
import { completionScripts } from '../completion/shells';
import { isHidden } from '../completion/complete';
import { examples } from './examples';
import { manPages } from './man-pages';
import { prose } from './prose';

const program = createProgram('0', () => {});
const pages = manPages(program);
const page = (name: string): string => pages.find((found) => found.name === name)?.markdown ?? '';

it('has a page for every command, and one for the settings', () => {
  const names = program.commands
    .filter((command) => !isHidden(command))
    .map((command) => `nanite-${command.name()}.1`);
  expect(pages.map(({ name }) => name).sort()).toEqual(['nanite.1', 'nanite-config.5', ...names].sort());
});

it('names every option of every command', () => {
  for (const command of walk(program)) {
    if (isHidden(command)) continue;
    const top = command.parent?.parent ? command.parent : command;
    const text = page(top.parent === null ? 'nanite.1' : `nanite-${top.name()}.1`);
    for (const option of command.options) expect(text).toContain(`**${option.long}**`);
  }
});

it('describes every setting', () => {
  const text = page('nanite-config.5');
  expect(text).toContain('**cli.model**');
  expect(text).toContain('**gateway.queue.length**');
  expect(text).not.toContain('No description');
});

it('knows the exit statuses', () => expect(page('nanite.1')).toMatch(/\*\*130\*\*\n: {3}Interrupted/));

it('has examples and prose for commands that exist only', () => {
  const known = [...walk(program)].map((command) =>
    command.parent === null
      ? 'nanite'
      : `${command.parent.parent ? `nanite ${command.parent.name()}` : 'nanite'} ${command.name()}`,
  );
  for (const name of Object.keys(examples)) expect(known).toContain(name);
  for (const name of Object.keys(prose)) expect(known).toContain(name.replace('-', ' '));
});

it('has a completion script for each shell', () => expect(Object.keys(completionScripts)).toHaveLength(3));
