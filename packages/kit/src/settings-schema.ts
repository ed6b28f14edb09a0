import { z } from 'zod';
import { formatKey, type SettingPath } from './settings-key';

/** The part of JSON Schema that settings use. */
export interface SchemaNode {
  type?: string | string[];
  /** What it takes, in words, where the pattern says it badly. */
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: boolean | SchemaNode;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  pattern?: string;
  format?: string;
}

/** One setting, for lists and manuals. */
export interface SettingDescription {
  path: string[];
  key: string;
  description: string;
  /** What it takes, in words: `one of: auto, never`, `whole number from 1 to 64`. */
  allowed: string;
  default: unknown;
}

const trees = new WeakMap<z.ZodType, SchemaNode>();

/** A settings schema as JSON Schema of what a file may hold. */
export function schemaTree(schema: z.ZodType): SchemaNode {
  let tree = trees.get(schema);
  if (tree === undefined) {
    tree = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
    trees.set(schema, tree);
  }
  return tree;
}

/** The schema at a place; undefined where there is no such setting. */
export function schemaAt(tree: SchemaNode, path: SettingPath): SchemaNode | undefined {
  let at: SchemaNode | undefined = tree;
  for (const key of path) {
    const object: SchemaNode | undefined = at?.properties
      ? at
      : at?.anyOf?.find((option) => option.properties);
    const named: SchemaNode | undefined =
      object?.properties !== undefined && Object.hasOwn(object.properties, key)
        ? object.properties[key]
        : undefined;
    const other: SchemaNode | undefined =
      typeof at?.additionalProperties === 'object' ? at.additionalProperties : at?.items;
    at = named ?? other;
  }
  return at;
}

export function isSection(node: SchemaNode | undefined): boolean {
  return node?.properties !== undefined;
}

const range = (node: SchemaNode): string => {
  const low = node.minimum ?? node.exclusiveMinimum;
  const high = node.maximum ?? node.exclusiveMaximum;
  const bounds: string[] = [];
  const shown = (n: number | undefined): n is number =>
    n !== undefined && Math.abs(n) < Number.MAX_SAFE_INTEGER;
  if (shown(low)) bounds.push(node.minimum === undefined ? `above ${low}` : `from ${low}`);
  if (shown(high)) bounds.push(node.maximum === undefined ? `below ${high}` : `to ${high}`);
  return bounds.length === 0 ? '' : ` ${bounds.join(' ')}`;
};

const words: Record<string, string> = {
  string: 'text',
  boolean: 'true or false',
  null: 'null',
  object: 'a map',
};

/** What a setting takes, in words. */
export function allowedText(node: SchemaNode): string {
  if (node.title !== undefined) return node.title;
  if (node.enum !== undefined) return `one of: ${node.enum.map(String).join(', ')}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(allowedText))].join(', or ');
  if (Array.isArray(node.type)) {
    return node.type.map((type) => allowedText({ ...node, type })).join(', or ');
  }
  switch (node.type) {
    case 'integer':
      return `whole number${range(node)}`;
    case 'number':
      return `number${range(node)}`;
    case 'array':
      return `list of ${node.items === undefined ? 'anything' : allowedText(node.items)}`;
    case 'string':
      if (node.format !== undefined && node.format !== 'regex') return `text (${node.format})`;
      return node.pattern === undefined ? 'text' : `text that matches ${node.pattern}`;
    case 'object':
      return typeof node.additionalProperties === 'object'
        ? `a map of ${allowedText(node.additionalProperties)}`
        : `a map with ${Object.keys(node.properties ?? {}).join(', ') || 'nothing in it yet'}`;
    default:
      return node.type === undefined ? 'anything' : (words[node.type] ?? node.type);
  }
}

/** Every setting of a schema, in its order; a map whose keys the person chooses is one setting. */
export function describeSettings(schema: z.ZodType): SettingDescription[] {
  const found: SettingDescription[] = [];
  const visit = (node: SchemaNode, path: string[]): void => {
    if (isSection(node)) {
      for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, [...path, key]);
    } else {
      found.push({
        path,
        key: formatKey(path),
        description: node.description ?? '',
        allowed: allowedText(node),
        default: node.default,
      });
    }
  };
  visit(schemaTree(schema), []);
  return found;
}
