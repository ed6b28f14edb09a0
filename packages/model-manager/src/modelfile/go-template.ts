import { NaniteError } from '@nanite/kit';
import { NotUnderstood, parseGoTemplate, type GoNode, type GoValue } from './go-template-parse';

/**
 * The Jinja that says the same as a chat template of Ollama's, which is written in Go's text/template; null where it uses
 * more than the texts of a conversation: tools, thoughts, text to fill in, functions.
 *
 * A template that names `.Messages` walks over the conversation itself. Any other one is for a turn: Ollama (template.go,
 * Execute) fills in each turn's `.System`, `.Prompt` and `.Response` in order, and of the last one all up to `.Response`.
 * Where the template has no `.Response` the answer stands at its end.
 *
 * What marks the beginning of a text is left out: llama.cpp puts it before the prompt where the vocabulary asks for it.
 */
export function translateGoTemplate(template: string): string | null {
  try {
    const nodes = withoutBeginning(parseGoTemplate(template));
    if (mentions(nodes, 'Messages')) {
      return (mentions(nodes, 'System') ? gatherSystem : '') + statements(nodes, overMessages);
    }
    if (!mentions(nodes, 'Prompt')) return null;
    return turnByTurn(mentions(nodes, 'Response') ? nodes : [...nodes, response]);
  } catch (error) {
    if (error instanceof NotUnderstood) return null;
    throw error;
  }
}

/**
 * A chat template as llama.cpp reads it.
 *
 * @throws NaniteError `unsupported-template` 422: what cannot be meant the same is not left out in silence
 */
export function jinjaFromGo(template: string): string {
  const found = translateGoTemplate(template);
  if (found !== null) return found;
  throw new NaniteError(
    'unsupported-template',
    'this TEMPLATE is in the language of Go, and uses more of it than is understood here',
    {
      status: 422,
      hint:
        "leave it out: the model's own template is then used. Understood are .System, .Prompt, .Response and .Messages " +
        'with if, range, and, or, not, eq, ne and len; any template in Jinja is taken',
    },
  );
}

const response: GoNode = { kind: 'out', value: { kind: 'field', of: '', path: ['Response'] } };

/** How the fields of a template are called in Jinja. */
interface Scope {
  /** @throws NotUnderstood */
  field(of: string, path: readonly string[]): string;
  /** Names of variables of the template. */
  variables: ReadonlySet<string>;
}

const fieldOf =
  (fields: Readonly<Record<string, string>>, root: Readonly<Record<string, string>> = fields) =>
  (of: string, [name, ...more]: readonly string[]): string => {
    const known = of === '' ? fields : of === '$' ? root : {};
    const found = name === undefined ? undefined : known[name];
    if (found === undefined || more.length > 0) throw new NotUnderstood(`${of}.${name}`);
    return found;
  };

/** All that system messages say. In a loop, by which llama.cpp sees that the template reads them: else it puts them elsewhere. */
const gatherSystem = [
  `{%- set ns = namespace(system='') -%}`,
  `{%- for message in messages -%}`,
  `{%- if message['role'] == 'system' -%}`,
  `{%- set ns.system = (ns.system + '\\n\\n' if ns.system else '') + message['content'] -%}`,
  `{%- endif -%}`,
  `{%- endfor -%}`,
  '',
].join('\n');
const conversation = { Messages: 'messages', System: 'ns.system', Response: "''" };
const overMessages: Scope = { field: fieldOf(conversation), variables: new Set() };
const overOne: Scope = {
  field: fieldOf({ Role: "message['role']", Content: "message['content']" }, conversation),
  variables: new Set(),
};
const overTurn: Scope = {
  field: fieldOf({
    System: 'ns.system',
    Prompt: 'ns.prompt',
    Response: 'ns.response',
    First: 'ns.first',
  }),
  variables: new Set(),
};

function turnByTurn(nodes: readonly GoNode[]): string {
  const turn =
    statements(nodes, overTurn) +
    `{%- set ns.system = '' -%}{%- set ns.prompt = '' -%}{%- set ns.response = '' -%}{%- set ns.first = false -%}`;
  const begin = upToResponse(nodes).nodes;
  // Texts of one role in a row are one text.
  const joined = (field: string) =>
    `{%- set ns.${field} = (ns.${field} + '\\n\\n' if ns.last == message['role'] else '') + message['content'] -%}`;
  return [
    `{%- set ns = namespace(system='', prompt='', response='', first=true, last='') -%}`,
    `{%- for message in messages -%}`,
    `{%- if message['role'] == 'system' -%}`,
    `{%- if ns.prompt or ns.response -%}${turn}{%- endif -%}${joined('system')}`,
    `{%- elif message['role'] == 'user' -%}`,
    `{%- if ns.response -%}${turn}{%- endif -%}${joined('prompt')}`,
    `{%- elif message['role'] == 'assistant' -%}${joined('response')}{%- endif -%}`,
    `{%- set ns.last = message['role'] -%}`,
    `{%- endfor -%}`,
    `{%- if ns.response -%}${turn}{%- else -%}${statements(begin, overTurn)}{%- endif -%}`,
  ].join('\n');
}

/** What is written before the answer. */
function upToResponse(nodes: readonly GoNode[]): { nodes: GoNode[]; met: boolean } {
  const kept: GoNode[] = [];
  for (const node of nodes) {
    if (!mentions([node], 'Response')) {
      kept.push(node);
      continue;
    }
    if (node.kind === 'if' && !node.branches.some(({ when }) => valueMentions(when, 'Response'))) {
      const branches = node.branches.map(({ when, body }) => ({ when, body: upToResponse(body).nodes }));
      kept.push({ kind: 'if', branches, otherwise: upToResponse(node.otherwise).nodes });
    }
    return { nodes: kept, met: true };
  }
  return { nodes: kept, met: false };
}

/** Texts that begin a prompt, which llama.cpp writes itself. */
function withoutBeginning([first, ...rest]: GoNode[]): GoNode[] {
  if (first === undefined) return [];
  if (first.kind !== 'text') return [first, ...rest];
  return [{ kind: 'text', text: first.text.replace(/^\s*(?:<s>|<bos>|<\|begin_of_text\|>)/, '') }, ...rest];
}

function statements(nodes: readonly GoNode[], scope: Scope): string {
  let variables = scope.variables;
  return nodes
    .map((node): string => {
      const within: Scope = { ...scope, variables };
      switch (node.kind) {
        case 'text':
          return node.text === '' ? '' : `{{- ${quoted(node.text)} -}}`;
        case 'out':
          return `{{- ${expression(node.value, within)} -}}`;
        case 'set': {
          const text = `{%- set v_${node.name} = ${expression(node.value, within)} -%}`;
          variables = new Set([...variables, node.name]);
          return text;
        }
        case 'if': {
          const parts = node.branches.map(
            ({ when, body }, i) =>
              `{%- ${i === 0 ? 'if' : 'elif'} ${expression(when, within)} -%}${statements(body, within)}`,
          );
          const otherwise = statements(node.otherwise, within);
          return `${parts.join('')}${otherwise === '' ? '' : `{%- else -%}${otherwise}`}{%- endif -%}`;
        }
        case 'range': {
          if (expression(node.over, within) !== 'messages') throw new NotUnderstood('range');
          const inside = new Set([...variables, ...(node.index === null ? [] : [node.index])]);
          const index = node.index === null ? '' : `{%- set v_${node.index} = loop.index0 -%}`;
          const body = statements(node.body, { ...overOne, variables: inside });
          return `{%- for message in messages -%}${index}${body}{%- endfor -%}`;
        }
      }
    })
    .join('');
}

function expression(value: GoValue, scope: Scope): string {
  if (value.kind === 'literal') {
    return typeof value.value === 'string' ? quoted(value.value) : String(value.value);
  }
  if (value.kind === 'field') {
    const name = value.of.slice(1);
    if (name !== '' && value.path.length === 0 && scope.variables.has(name)) return `v_${name}`;
    return scope.field(value.of, value.path);
  }
  const { name, of } = value;
  const [first, second] = of;
  if (name === 'len' && first !== undefined && of.length === 1) return length(first, scope);
  const operands = of.map((each) => expression(each, scope));
  if ((name === 'and' || name === 'or') && of.length > 0) return `(${operands.join(` ${name} `)})`;
  if (name === 'not' && of.length === 1) return `(not ${operands[0]})`;
  if (name === 'ne' && second !== undefined && of.length === 2) return `(${operands[0]} != ${operands[1]})`;
  if (name === 'eq' && of.length > 1) {
    return `(${operands
      .slice(1)
      .map((each) => `${operands[0]} == ${each}`)
      .join(' or ')})`;
  }
  throw new NotUnderstood(name);
}

/** Of the messages, or of those from an index on: `len (slice $.Messages $i)` is how templates know the last one. */
function length(of: GoValue, scope: Scope): string {
  if (of.kind === 'call' && of.name === 'slice' && of.of.length === 2) {
    const [list, from] = of.of as [GoValue, GoValue];
    return `((${expression(list, scope)} | length) - ${expression(from, scope)})`;
  }
  return `(${expression(of, scope)} | length)`;
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`;

function mentions(nodes: readonly GoNode[], field: string): boolean {
  return nodes.some((node) => {
    switch (node.kind) {
      case 'text':
        return false;
      case 'out':
      case 'set':
        return valueMentions(node.value, field);
      case 'if':
        return (
          node.branches.some(({ when, body }) => valueMentions(when, field) || mentions(body, field)) ||
          mentions(node.otherwise, field)
        );
      case 'range':
        return valueMentions(node.over, field) || mentions(node.body, field);
    }
  });
}

const valueMentions = (value: GoValue, field: string): boolean =>
  value.kind === 'field'
    ? value.path[0] === field
    : value.kind === 'call' && value.of.some((each) => valueMentions(each, field));
