import { Settings, userSections } from '@nanite/contracts';
import { describeSettings, schemaTree } from '@nanite/kit';
import type { Argument, Command, Option } from 'commander';
import { stringify } from 'yaml';
import { pathOf } from '../command/program';
import { isHidden } from '../completion/complete';
import { exitStatusTable } from '../exit-status';
import { optionsOf } from '../external/external-commands';
import { examples } from './examples';
import { prose, seeAlso } from './prose';

/** A page of the manual: `nanite-ask.1` and its Markdown, as lowdown reads it. */
export interface ManPage {
  name: string;
  markdown: string;
}

/** Text of the command table as Markdown; `quoted` words become bold, as manuals show what is typed. */
function md(text: string): string {
  return text
    .split(/`([^`]+)`/)
    .map((part, i) => {
      // A colon before // would make a link of what is typed as it stands.
      const plain = part.replace(/[\\*_<>[\]|#]|:(?=\/\/)/g, '\\$&');
      return i % 2 === 1 ? `**${plain}**` : plain;
    })
    .join('');
}

const sentence = (text: string): string => {
  const begun = `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
  return /[.)]$/.test(begun) ? begun : `${begun}.`;
};

const item = (term: string, text: string): string => `${term}\n:   ${text}\n`;

/** `-m, --model <model>` as `**-m**, **--model** *model*`. */
function flags(option: Option): string {
  const value = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  const names = [option.short, option.long].filter((name) => name !== undefined);
  return `${names.map((name) => `**${name}**`).join(', ')}${value === undefined ? '' : ` *${value}*`}`;
}

function argument(parameter: Argument): string {
  const name = `*${parameter.name()}*${parameter.variadic ? ' ...' : ''}`;
  return parameter.required ? name : `\\[${name}\\]`;
}

const visible = (command: Command): Command[] => command.commands.filter((child) => !isHidden(child));

function synopsis(command: Command): string {
  const children = visible(command);
  if (children.length > 0) {
    const group = `**${pathOf(command)}** \\[*command*\\] \\[*options*\\]`;
    return [group, ...(command.parent === null ? [] : children.map(line))].join('\n\n');
  }
  return line(command);
}

function line(command: Command): string {
  const options = optionsOf(command).length > 0 ? ['\\[*options*\\]'] : [];
  return [`**${pathOf(command)}**`, ...options, ...command.registeredArguments.map(argument)].join(' ');
}

function optionItems(command: Command): string {
  const own = optionsOf(command).filter(({ hidden }) => !hidden);
  const described = own.map((option) => item(flags(option), md(sentence(option.description))));
  if (command.parent === null || command.name() !== 'gpu') {
    described.push(item('**-h**, **--help**', 'Print help.'));
  }
  return described.join('\n');
}

/** Each command of a group under a heading of its own, with its options as a list. */
function childSections(command: Command): string {
  return visible(command)
    .map((child) => {
      const words = child.registeredArguments.map((parameter) => ` ${argument(parameter)}`).join('');
      const options = optionsOf(child)
        .filter(({ hidden }) => !hidden)
        .map((option) => item(flags(option), md(sentence(option.description))));
      return [`## **${child.name()}**${words}`, md(sentence(child.description())), options.join('\n')]
        .filter((part) => part !== '')
        .join('\n\n');
    })
    .join('\n\n');
}

function page(name: string, section: number, sections: Array<[title: string, text: string]>): ManPage {
  const body = sections
    .filter(([, text]) => text.trim() !== '')
    .map(([title, text]) => `# ${title}\n\n${text.trim()}\n`)
    .join('\n');
  return {
    name: `${name}.${section}`,
    markdown: `title: ${name}\nsection: ${section}\nsource: Nanite\n\n${body}`,
  };
}

const reference = (text: string): string => text.replace(/^([\w-]+)\((\d)\)$/, '**$1**($2)');

function exitStatuses(): string {
  return exitStatusTable.map(([status, meaning]) => item(`**${status}**`, md(meaning))).join('\n');
}

function commandPage(command: Command): ManPage {
  const name = pathOf(command).replaceAll(' ', '-');
  const written = prose[name] ?? [];
  const isRoot = command.parent === null;
  const children = visible(command);
  const shown = examples[pathOf(command)] ?? [];
  const commands = isRoot
    ? children
        .map((child) =>
          item(`**${child.name()}**`, `${md(sentence(child.summary()))} **nanite-${child.name()}**(1)`),
        )
        .join('\n')
    : childSections(command);
  const own = written.filter(({ title }) => title !== 'DESCRIPTION');
  return page(name, 1, [
    [
      'NAME',
      `${name} - ${md((isRoot ? command.description() : command.summary()).replace(/^./, (c) => c.toLowerCase()))}`,
    ],
    ['SYNOPSIS', synopsis(command)],
    [
      'DESCRIPTION',
      written.find(({ title }) => title === 'DESCRIPTION')?.text ?? md(sentence(command.description())),
    ],
    ['COMMANDS', commands],
    ['OPTIONS', optionItems(command)],
    ...own.map(({ title, text }): [string, string] => [
      title === 'COMMANDS' ? 'IN A CONVERSATION' : title,
      text,
    ]),
    ['EXAMPLES', shown.map(([line_, does]) => `${does}\n\n    $ ${line_}\n`).join('\n')],
    ['EXIT STATUS', isRoot ? exitStatuses() : 'See **nanite**(1).'],
    [
      'SEE ALSO',
      [
        ...(isRoot ? children.map((child) => `nanite-${child.name()}(1)`) : ['nanite(1)']),
        ...(seeAlso[name] ?? []),
      ]
        .map(reference)
        .join(', '),
    ],
  ]);
}

function settingsPage(): ManPage {
  const tree = schemaTree(Settings);
  const all = describeSettings(Settings);
  const sections = Object.entries(tree.properties ?? {}).map(([section, node]): [string, string] => {
    const items = all
      .filter(({ path }) => path[0] === section)
      .map(({ key, description, allowed, default: value }) => {
        const given =
          value === undefined
            ? ''
            : ` Default: **${md(stringify(value, { collectionStyle: 'flow' }).trim())}**.`;
        return item(
          `**${md(key)}**`,
          `${md(sentence(description || 'No description'))} Takes ${md(allowed)}.${given}`,
        );
      });
    return [`SECTION ${section.toUpperCase()}`, `${md(node.description ?? '')}\n\n${items.join('\n')}`];
  });
  return page('nanite-config', 5, [
    ['NAME', 'nanite-config - settings of Nanite'],
    [
      'SYNOPSIS',
      '*/usr/share/nanite/config.d/\\*.yaml*\n\n*/etc/nanite/config.yaml*\n\n*/etc/nanite/config.d/\\*.yaml*\n\n*~/.config/nanite/config.yaml*',
    ],
    [
      'DESCRIPTION',
      'Settings are YAML files with a map of sections. They are read in the order above, files of a folder in the order ' +
        'of their names; a later file wins, setting by setting. A list replaces the list before it. No file needs to ' +
        'exist.\n\n' +
        'An unknown setting or a value that is not allowed is an error that names file, line and what is allowed: it is ' +
        'never passed over.\n\n' +
        `Your own file may hold the section ${userSections.map((section) => `**${section}**`).join(', ')} only. ` +
        '**nanite-config**(1) shows, explains and changes settings.',
    ],
    ...sections,
    [
      'EXAMPLES',
      'A machine whose models stay in memory for an hour:\n\n    # /etc/nanite/config.d/50-keep.yaml\n    gateway:\n      keepAlive: 1h\n\n' +
        'Your default model:\n\n    # ~/.config/nanite/config.yaml\n    cli:\n      model: smollm2:135m\n',
    ],
    ['SEE ALSO', '**nanite**(1), **nanite-config**(1), **nanite-gateway**(8), **nanite-engine**(8)'],
  ]);
}

/** The manual, made from the command table and the schema of the settings. */
export function manPages(program: Command): ManPage[] {
  return [commandPage(program), ...visible(program).map(commandPage), settingsPage()];
}
