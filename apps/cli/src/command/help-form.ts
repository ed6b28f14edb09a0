import { Help, type Argument, type HelpConfiguration } from 'commander';

/** Columns that a description needs to stand beside what it describes; with fewer it stands below. */
const leastColumns = 30;

function argumentForm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** How --help looks: as commander has it, and readable on a narrow terminal. */
export const helpForm: HelpConfiguration = {
  minWidthToWrap: 16,
  /** Without `[options]`, which says nothing and takes the room of the descriptions. */
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentForm)].join(' '),
  formatItem(term, termWidth, description, helper) {
    const width = helper.helpWidth ?? 80;
    if (description === '' || width - termWidth - 4 >= leastColumns) {
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    }
    const lines = helper.boxWrap(description, Math.max(16, width - 6)).split('\n');
    return [`  ${term}`, ...lines.map((line) => `      ${line}`)].join('\n');
  },
};
