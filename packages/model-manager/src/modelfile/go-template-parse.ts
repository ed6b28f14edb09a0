/** What of Go's text/template the chat templates of Ollama use. */
export type GoNode =
  | { kind: 'text'; text: string }
  | { kind: 'out'; value: GoValue }
  | { kind: 'set'; name: string; value: GoValue }
  | { kind: 'if'; branches: Array<{ when: GoValue; body: GoNode[] }>; otherwise: GoNode[] }
  | { kind: 'range'; index: string | null; over: GoValue; body: GoNode[] };

export type GoValue =
  | { kind: 'literal'; value: string | number | boolean }
  /** `.Role`, `$.System`, `$message.Content`: what is before the first dot (`''` for the dot itself), and the rest. */
  | { kind: 'field'; of: string; path: string[] }
  | { kind: 'call'; name: string; of: GoValue[] };

/** Something that this reader does not know. */
export class NotUnderstood extends Error {}

interface Piece {
  text: string | null;
  action: string;
}

/** Text and actions in turn; `{{-` and `-}}` take the white space beside them away. */
function pieces(template: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let trim = false;
  for (const match of template.matchAll(
    /\{\{(-(?=\s))?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^])*?)((?<=\s)-)?\}\}/g,
  )) {
    let text = template.slice(at, match.index);
    if (trim) text = text.trimStart();
    if (match[1] !== undefined) text = text.trimEnd();
    found.push({ text, action: '' }, { text: null, action: (match[2] ?? '').trim() });
    trim = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  const rest = template.slice(at);
  found.push({ text: trim ? rest.trimStart() : rest, action: '' });
  return found.filter(({ text, action }) => text === null || text !== '' || action !== '');
}

const wordPattern = /"(?:[^"\\]|\\.)*"|`[^`]*`|[()|,]|:=|=|[^\s()|,=:"`]+/g;

/** @throws NotUnderstood */
export function parseGoTemplate(template: string): GoNode[] {
  const all = pieces(template);
  let at = 0;

  const block = (): { nodes: GoNode[]; end: string } => {
    const nodes: GoNode[] = [];
    for (; at < all.length; at++) {
      const { text, action } = all[at]!;
      if (text !== null) {
        if (text !== '') nodes.push({ kind: 'text', text });
        continue;
      }
      if (action === '' || action.startsWith('/*')) continue;
      const words = action.match(wordPattern) ?? [];
      const [first = ''] = words;
      if (first === 'end' || first === 'else') {
        at += 1;
        return { nodes, end: words.join(' ') };
      }
      if (first === 'if') nodes.push(condition(words.slice(1)));
      else if (first === 'range') nodes.push(range(words.slice(1)));
      else if (words[1] === ':=' || words[1] === '=') {
        nodes.push({ kind: 'set', name: variable(first), value: value(words.slice(2)) });
      } else nodes.push({ kind: 'out', value: value(words) });
    }
    return { nodes, end: '' };
  };

  const condition = (words: string[]): GoNode => {
    const branches: Array<{ when: GoValue; body: GoNode[] }> = [];
    let when = value(words);
    at += 1;
    for (;;) {
      const { nodes, end } = block();
      branches.push({ when, body: nodes });
      if (end.startsWith('else if ')) {
        when = value(end.match(wordPattern)!.slice(2));
        continue;
      }
      const otherwise = end === 'else' ? block() : { nodes: [], end };
      if (otherwise.end !== 'end') throw new NotUnderstood('an if without its end');
      at -= 1;
      return { kind: 'if', branches, otherwise: otherwise.nodes };
    }
  };

  const range = (words: string[]): GoNode => {
    const assigned = words.indexOf(':=');
    const names = assigned < 0 ? [] : words.slice(0, assigned).filter((word) => word !== ',');
    at += 1;
    const over = value(words.slice(assigned + 1));
    const { nodes, end } = block();
    if (end !== 'end') throw new NotUnderstood('a range without its end');
    at -= 1;
    // Only the index is needed by name: `range $i, $_ := .Messages` still moves the dot.
    return { kind: 'range', index: names.length > 1 ? variable(names[0]!) : null, over, body: nodes };
  };

  const { nodes, end } = block();
  if (end !== '') throw new NotUnderstood(`${end} without its beginning`);
  return nodes;
}

function variable(word: string): string {
  if (/^\$\w+$/.test(word)) return word.slice(1);
  throw new NotUnderstood(word);
}

function value(words: readonly string[]): GoValue {
  let at = 0;
  const operand = (): GoValue => {
    const word = words[at++] ?? '';
    if (word === '(') {
      const inside = call();
      if (words[at++] !== ')') throw new NotUnderstood('a bracket that is not closed');
      return inside;
    }
    if (word.startsWith('"')) return { kind: 'literal', value: JSON.parse(word) as string };
    if (word.startsWith('`')) return { kind: 'literal', value: word.slice(1, -1) };
    if (/^\d+$/.test(word)) return { kind: 'literal', value: Number(word) };
    if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
    const field = /^(\$\w*)?((?:\.\w+)*)$/.exec(word);
    if (field !== null && word !== '') {
      return { kind: 'field', of: field[1] ?? '', path: (field[2] ?? '').split('.').slice(1) };
    }
    throw new NotUnderstood(word);
  };
  const call = (): GoValue => {
    const word = words[at] ?? '';
    if (!/^[a-z]+$/.test(word) || word === 'true' || word === 'false') return operand();
    at += 1;
    const of: GoValue[] = [];
    while (at < words.length && words[at] !== ')') of.push(operand());
    return { kind: 'call', name: word, of };
  };
  const whole = call();
  if (at < words.length) throw new NotUnderstood(words[at]);
  return whole;
}
