import { NaniteError } from '@nanite/kit';

/** One instruction of a Modelfile: its name in lower case, what stands behind it, and the line where it begins. */
export interface Command {
  name: string;
  /** Name of a PARAMETER, or role of a MESSAGE. */
  key: string | null;
  value: string;
  line: number;
}

const names = [
  'from',
  'parameter',
  'template',
  'system',
  'adapter',
  'license',
  'message',
  'requires',
  'draft',
  'renderer',
  'parser',
] as const;

const roles = ['system', 'user', 'assistant'];

/** @throws never; the error to throw for something wrong in a Modelfile */
export const badModelfile = (line: number, message: string, hint?: string) =>
  new NaniteError('bad-modelfile', `line ${line}: ${message}`, {
    status: 400,
    ...(hint !== undefined && { hint }),
  });

/**
 * The instructions of a Modelfile as Ollama's own parser takes them (ollama, parser/parser.go): names in any case, `#`
 * begins a comment at the start of a line only, a value ends with its line unless it is quoted by `"` or `"""`, which
 * count as quotes only as its first and last characters.
 *
 * @throws NaniteError `bad-modelfile` with the line
 */
export function parseCommands(text: string): Command[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|[\r\n]/);
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    const content = lines[at]!.replace(/^[ \t]+/, '');
    if (content === '' || content.startsWith('#')) continue;
    const [, word = '', rest = ''] = /^(\S*)[ \t]*([^]*)$/.exec(content) ?? [];
    const name = word.toLowerCase();
    if (!(names as readonly string[]).includes(name)) {
      throw badModelfile(
        line,
        `unknown instruction ${JSON.stringify(word.slice(0, 40))}`,
        `the instructions are ${names
          .slice(0, 7)
          .map((known) => known.toUpperCase())
          .join(', ')}; text of several lines goes between two """`,
      );
    }
    const { key, value: first } = keyOf(name, rest, line);
    let value = first;
    let plain = unquote(value);
    while (plain === null) {
      if (++at >= lines.length) throw badModelfile(line, `the quotes behind ${word} are never closed`);
      value += `\n${lines[at]!}`;
      plain = unquote(value);
    }
    if (plain === '' && name === 'from') throw badModelfile(line, 'FROM does not name a model');
    commands.push({ name, key, value: plain, line });
  }
  if (!commands.some(({ name }) => name === 'from')) {
    throw new NaniteError('bad-modelfile', 'FROM is missing: it names the model to start from', {
      status: 400,
      hint: 'begin with a line such as FROM llama3.2',
    });
  }
  return commands;
}

function keyOf(name: string, rest: string, line: number): { key: string | null; value: string } {
  if (name !== 'parameter' && name !== 'message') return { key: null, value: rest };
  const found = /^(\w+)[ \t]+([^]*)$/.exec(rest);
  if (!found) throw badModelfile(line, `${name.toUpperCase()} needs a name and a value`);
  const [, key = '', value = ''] = found;
  if (name === 'message' && !roles.includes(key)) {
    throw badModelfile(line, `${JSON.stringify(key)} is not a role`, `roles are ${roles.join(', ')}`);
  }
  return { key, value };
}

/** The text inside quotes; null while they are open. */
function unquote(value: string): string | null {
  const text = value.trim();
  if (text.startsWith('"""')) return text.length >= 6 && text.endsWith('"""') ? text.slice(3, -3) : null;
  if (text.startsWith('"')) return text.length >= 2 && text.endsWith('"') ? text.slice(1, -1) : null;
  return text;
}
