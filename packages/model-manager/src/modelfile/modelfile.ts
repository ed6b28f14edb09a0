import { modelfileText, type ParsedModelfile, type StoredModel } from '@nanite/contracts';
import { badModelfile, parseCommands } from './commands';
import { jinjaFromGo, translateGoTemplate } from './go-template';
import { readParameters } from './parameters';

/** Whether a template is in Jinja: it has statements in `{% %}`, and names its variables without a dot. */
const isJinja = (template: string) => /\{%|\{\{-?\s*(?:messages|bos_token)\b/.test(template);

/** What a Modelfile of Ollama says that Nanite has no counterpart for. */
const without: Record<string, string> = {
  draft: 'models that draft for another one are not supported',
  renderer: 'prompts are made by the chat template of the model, not by renderers built into a program',
  parser: 'answers are read by llama.cpp, which knows the families by their templates',
};

/**
 * A Modelfile as the fields of a create request; paths stay as they are written.
 *
 * @throws NaniteError `bad-modelfile` 400 with the line, `unsupported-template` 422
 */
export function parseModelfile(text: string): ParsedModelfile {
  const commands = parseCommands(text);
  const all = (name: string) => commands.filter((command) => command.name === name);
  // As with Ollama, of what can be there once the last counts.
  const last = (name: string) => all(name).at(-1)?.value;
  for (const { name, line } of commands) {
    if (without[name] !== undefined) throw badModelfile(line, without[name], 'leave the line out');
  }
  const template = last('template');
  const system = last('system');
  const licences = all('license').map(({ value }) => value);
  const parameters = readParameters(commands);
  const messages = all('message').map(({ key, value }) => ({ role: key!, content: value }));
  return {
    froms: all('from').map(({ value }) => value),
    adapterPaths: all('adapter').map(({ value }) => value),
    ...(template !== undefined && { template: isJinja(template) ? template : jinjaFromGo(template) }),
    ...(system !== undefined && { system }),
    ...(licences.length > 0 && { license: licences }),
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(messages.length > 0 && { messages }),
  };
}

/**
 * A Modelfile that would make the model again: `nanite models show --modelfile`.
 *
 * @param template its chat template where it has one of its own
 */
export function printModelfile(model: StoredModel, template: string | null): string {
  if (template === null || isJinja(template) || translateGoTemplate(template) !== null) {
    return modelfileText(model, template);
  }
  const note = "TEMPLATE is left out: it is in the language of Go, and the model's own is used instead";
  return modelfileText(model, null, note);
}
