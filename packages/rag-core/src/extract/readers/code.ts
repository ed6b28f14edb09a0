import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, Parser, Tree } from '@vscode/tree-sitter-wasm';
import { decodeText, type DecodedText } from '../decode';
import type { Extracted } from '../extracted';
import { languageOf } from '../languages';
import { limits } from '../limits';
import { Lines } from '../lines';
import { Gathered, type Source } from './reading';
import { addParagraphs } from './text';

/**
 * Program text, a block for each function, method and type; what is longer than a screen inside a type is cut into its
 * members. Blocks are contiguous, and the comment before a definition is its own.
 *
 * @param grammars folder of `tree-sitter-*.wasm`
 */
export async function readCode({ type, bytes, name }: Source, grammars: string): Promise<Extracted> {
  const decoded = decodeText(bytes);
  const gathered = new Gathered();
  const lines = new Lines(decoded.text);
  const language = languageOf(name, decoded.text.slice(0, 512));
  gathered.language = language?.name ?? null;
  const tree =
    language?.grammar && decoded.text.length <= limits.code
      ? await parse(decoded.text, language.grammar, grammars)
      : null;
  if (!tree) {
    addParagraphs(gathered, decoded, lines, 0, decoded.text.length, { kind: 'code' });
    return gathered.finish(type);
  }
  try {
    for (const piece of pieces(tree.rootNode, decoded.text)) {
      addPiece(gathered, decoded, lines, piece);
      if (gathered.full) break;
    }
  } finally {
    tree.delete();
  }
  return gathered.finish(type);
}

type TreeSitter = typeof import('@vscode/tree-sitter-wasm');
type Make = (grammar: string) => Promise<Parser>;
let started: Promise<Make> | undefined;
const parsers = new Map<string, Promise<Parser>>();

async function start(grammars: string): Promise<Make> {
  // It asks where it lies, and a bundle of ES modules has no __filename.
  Object.assign(globalThis, { __filename: join(grammars, 'tree-sitter.js') });
  // A CommonJS module: a bundle has its names on `default`.
  const module: TreeSitter & { default?: TreeSitter } = await import('@vscode/tree-sitter-wasm');
  const { Language, Parser } = module.default ?? module;
  await Parser.init({ locateFile: (file: string) => join(grammars, file) });
  return async (grammar) => {
    const parser = new Parser();
    parser.setLanguage(await Language.load(readFileSync(join(grammars, `tree-sitter-${grammar}.wasm`))));
    return parser;
  };
}

async function parse(text: string, grammar: string, grammars: string): Promise<Tree | null> {
  const make = await (started ??= start(grammars));
  if (!parsers.has(grammar)) parsers.set(grammar, make(grammar));
  const parser = await parsers.get(grammar)!;
  // What takes longer was made to: it is read without symbols.
  const until = Date.now() + 5_000;
  const tree = parser.parse(text, null, { progressCallback: () => Date.now() > until });
  if (!tree) parser.reset();
  return tree;
}

interface Piece {
  from: number;
  to: number;
  /** Names of what is around it, and its own. */
  path: string[];
  defines: boolean;
}

/** A definition up to this length stays whole; a longer type is cut into its members. */
const wholeDefinition = 1_500;
const mostDepth = 6;

/** Nodes that define something, over all grammars. */
const defining =
  /^(?:(?:async_|generator_|local_)?(?:function|method|class|interface|struct|enum|union|trait|impl|module|namespace|constructor|destructor|record|protocol|object|type|type_alias|mod|macro|template|abstract_class|internal_module|delegate|annotation_type|property|rule_set|media|keyframes|singleton_method|lexical)(?:_(?:definition|declaration|item|specifier|statement|signature|spec|rule))?|decorated_definition|export_statement|rule_set|media_statement|singleton_method|type_declaration)$/;
/** Of these only what they contain counts, and their name is that of what they hold. */
const wrapping = new Set(['decorated_definition', 'export_statement', 'template_declaration', 'namespace_definition', 'internal_module', 'expression_statement', 'type_declaration', 'linkage_specification', 'extern_c', 'declaration_list']); // prettier-ignore
const comments = /^(?:comment|line_comment|block_comment|attribute_item|decorator)$/;

/** The text in pieces without a gap: definitions, and what stands between them. */
function pieces(root: Node, text: string): Piece[] {
  const found: Piece[] = [];
  let done = 0;
  const between = (to: number, path: string[]) => {
    if (to <= done) return;
    const last = found.at(-1);
    // Blank lines and closing braces belong to what stands before them.
    if (last && !/[\p{L}\p{N}]/u.test(text.slice(done, to))) last.to = to;
    else found.push({ from: done, to, path, defines: false });
    done = to;
  };
  const walk = (parent: Node, path: string[], depth: number) => {
    let leading: number | null = null;
    for (const node of parent.namedChildren) {
      if (!node) continue;
      if (comments.test(node.type)) {
        leading ??= node.startIndex;
        continue;
      }
      const name = defining.test(node.type) ? nameOf(node) : null;
      const start = lineStart(text, leading ?? node.startIndex);
      leading = null;
      if (name === null) {
        if (depth < mostDepth && holdsDefinitions(node)) walk(node, path, depth + 1);
        continue;
      }
      const own = [...path, name];
      const end = lineEnd(text, node.endIndex);
      between(Math.max(done, start), path);
      if (end <= done) continue;
      const members = end - done > wholeDefinition && depth < mostDepth && holdsDefinitions(bodyOf(node));
      if (members) {
        walk(bodyOf(node), own, depth + 1);
        between(end, own);
      } else {
        found.push({ from: done, to: end, path: own, defines: true });
        done = end;
      }
    }
  };
  walk(root, [], 0);
  between(text.length, []);
  return found;
}

const holdsDefinitions = (node: Node): boolean =>
  node.namedChildren.some(
    (child) => child !== null && (defining.test(child.type) || /^(?:class_body|declaration_list|block|body_statement|field_declaration_list|enum_body|interface_body|compound_statement|preproc_.*|linkage_specification|program|namespace.*)$/.test(child.type)),
  ); // prettier-ignore

/** What holds the members of a definition. */
function bodyOf(node: Node): Node {
  const inner = wrapping.has(node.type) ? (defined(node) ?? node) : node;
  return (
    inner.childForFieldName('body') ??
    inner.namedChildren.find((child) => /body|block|list$/.test(child?.type ?? '')) ??
    inner
  );
}

const defined = (node: Node): Node | null =>
  node.childForFieldName('definition') ??
  node.childForFieldName('declaration') ??
  node.namedChildren.find((child) => child !== null && defining.test(child.type)) ??
  null;

function nameOf(node: Node, depth = 0): string | null {
  if (depth > 8) return null;
  const named =
    node.childForFieldName('name') ?? (node.type === 'impl_item' ? node.childForFieldName('type') : null);
  if (named) return shortened(named.text);
  if (/^(?:rule_set|media_statement)$/.test(node.type)) return shortened(node.namedChildren[0]?.text ?? '');
  const declarator = node.childForFieldName('declarator');
  if (declarator) return nameOf(declarator, depth + 1) ?? shortened(declarator.text);
  if (node.type === 'lexical_declaration') {
    // `const parse = () => …` defines a function; `const size = 3` is not a symbol to look for.
    const variable = node.namedChildren.find((child) => child?.type === 'variable_declarator');
    const value = variable?.childForFieldName('value')?.type ?? '';
    return /function|class/.test(value) ? shortened(variable!.childForFieldName('name')?.text ?? '') : null;
  }
  const inner = wrapping.has(node.type) ? defined(node) : null;
  if (inner) return nameOf(inner, depth + 1);
  // PowerShell's grammar has no fields.
  const plain = node.namedChildren.find(
    (child) => child !== null && /^(?:function|simple)_name$/.test(child.type),
  );
  if (plain) return shortened(plain.text);
  const spec = node.namedChildren.find((child) => child !== null && /_(?:spec|declarator)$/.test(child.type));
  return spec ? nameOf(spec, depth + 1) : null;
}

const shortened = (name: string) => name.replaceAll(/\s+/g, ' ').trim().slice(0, 120) || null;

const lineStart = (text: string, index: number) => {
  const start = text.lastIndexOf('\n', index - 1) + 1;
  return text.slice(start, index).trim() === '' ? start : index;
};

/** Behind the line break, where nothing else stands on the line. */
const lineEnd = (text: string, index: number) => {
  const newline = text.indexOf('\n', index);
  const end = newline === -1 ? text.length : newline + 1;
  return /^[\s;,]*$/.test(text.slice(index, Math.min(end, index + 200))) ? end : index;
};

function addPiece(
  gathered: Gathered,
  decoded: DecodedText,
  lines: Lines,
  { from, to, path, defines }: Piece,
): void {
  const symbol = path.length > 0 ? path.join('.') : null;
  const headings = path.slice(0, defines ? -1 : undefined);
  if (!defines) {
    addParagraphs(gathered, decoded, lines, from, to, { kind: 'code', headings, symbol });
    return;
  }
  gathered.add({
    text: decoded.text.slice(from, to),
    headings,
    place: lines.place(from, to),
    bytes: decoded.byteAt && { from: decoded.byteAt(from), to: decoded.byteAt(to) },
    kind: 'code',
    symbol,
  });
}
