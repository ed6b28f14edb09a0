import { NaniteError, nearest } from '@nanite/kit';

/** Commands inside a conversation: name, argument, what it does. */
export const slashCommands = [
  ['help', '', 'list these commands'],
  ['model', '[NAME]', 'show the model, or change to another'],
  ['models', '', 'list the models that can chat'],
  ['system', '[TEXT]', 'show or set the system prompt; "-" removes it'],
  ['clear', '', 'forget the conversation, keep model and system prompt'],
  ['save', 'NAME', 'save the conversation (a name, or a path)'],
  ['load', 'NAME', 'continue a saved conversation'],
  ['exit', '', 'leave; so do /bye and Ctrl-D'],
] as const;

export type SlashName = (typeof slashCommands)[number][0];

/** Words that people know from elsewhere. */
const synonyms: Record<string, SlashName> = {
  quit: 'exit',
  bye: 'exit',
  '?': 'help',
  reset: 'clear',
  set: 'system',
};

/**
 * Read `/name argument`. Text that only looks like it, such as a path (/etc/hosts …), is not a command.
 *
 * @returns undefined where the text is a question
 * @throws NaniteError `usage` for a command that does not exist
 */
export function slashCommand(text: string): { name: SlashName; argument: string } | undefined {
  const match = /^\/([a-z]+|\?)(?:\s+([\s\S]*))?$/.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  const word = match[1];
  const argument = match[2]?.trim() ?? '';
  const known = slashCommands.find(([name]) => name === word)?.[0] ?? synonyms[word];
  if (known !== undefined) return { name: known, argument };
  const [guess] = nearest(
    word,
    slashCommands.map(([name]) => name),
  );
  throw new NaniteError('usage', `there is no command /${word}`, {
    hint: guess === undefined ? '/help lists the commands' : `did you mean /${guess}?`,
  });
}
