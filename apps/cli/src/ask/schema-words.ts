import { nearest } from '@nanite/kit';
import type { ErrorObject } from 'ajv/dist/2020.js';

const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/** Keywords of JSON Schema from draft 4 to 2020-12 (https://json-schema.org/specification), by what stands below them. */
const keywords = {
  /** One schema, or something else. */
  schema: [
    ...['items', 'additionalItems', 'contains', 'additionalProperties', 'propertyNames', 'unevaluatedItems'],
    ...['unevaluatedProperties', 'not', 'if', 'then', 'else', 'contentSchema'],
  ],
  list: ['allOf', 'anyOf', 'oneOf', 'prefixItems'],
  map: ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'],
  plain: [
    ...[
      '$schema',
      '$id',
      'id',
      '$ref',
      '$anchor',
      '$comment',
      '$vocabulary',
      '$dynamicRef',
      '$dynamicAnchor',
    ],
    ...['type', 'enum', 'const', 'multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
    ...[
      'maxLength',
      'minLength',
      'pattern',
      'maxItems',
      'minItems',
      'uniqueItems',
      'maxContains',
      'minContains',
    ],
    ...['maxProperties', 'minProperties', 'required', 'dependentRequired', 'format', 'contentEncoding'],
    ...[
      'contentMediaType',
      'title',
      'description',
      'default',
      'deprecated',
      'readOnly',
      'writeOnly',
      'examples',
    ],
  ],
} as const;
const known: readonly string[] = Object.values(keywords).flat();

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands in a schema where a keyword is expected and is none, in words; such a word has no effect. */
export function unknownKeywords(schema: Record<string, unknown>, place = ''): string[] {
  const found: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const here = `${place}/${key}`;
    const below = (list: readonly string[]): boolean => list.includes(key);
    if (!known.includes(key)) {
      const [meant] = nearest(key, known, 1);
      // Unknown words, such as `x-order`, are allowed and ignored.
      if (meant !== undefined) {
        found.push(`"${key}" (at ${here}) is not a keyword and has no effect; did you mean "${meant}"?`);
      }
    } else if (below(keywords.map) && isObject(value)) {
      for (const [name, child] of Object.entries(value)) {
        if (isObject(child)) found.push(...unknownKeywords(child, `${here}/${name}`));
      }
    } else if (below(keywords.list) && Array.isArray(value)) {
      for (const [i, child] of value.entries()) {
        if (isObject(child)) found.push(...unknownKeywords(child, `${here}/${i}`));
      }
    } else if (below(keywords.schema) && isObject(value)) {
      found.push(...unknownKeywords(value, here));
    }
  }
  return found;
}

const at = (schema: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], schema);

/** What is wrong with a schema, of what the schema of schemas objects to; each mistake once. */
export function schemaMistakes(schema: unknown, errors: readonly ErrorObject[]): string[] {
  const byPlace = new Map<string, string>();
  for (const { instancePath, message = 'is not valid' } of errors) {
    if (byPlace.has(instancePath)) continue;
    const value = at(schema, instancePath);
    const where = instancePath === '' ? 'its top' : instancePath;
    if (/\/type$/.test(instancePath) && typeof value === 'string') {
      const [meant] = nearest(value, types, 1);
      const advice =
        meant === undefined ? `; the types are ${types.join(', ')}` : `; did you mean "${meant}"?`;
      byPlace.set(instancePath, `"${value}" is not a type (at ${where})${advice}`);
    } else byPlace.set(instancePath, `${where} ${message}`);
  }
  return [...byPlace.values()];
}

/** What an answer lacks, in words: `"n" must be an integer`. */
export function answerMistake({
  instancePath,
  keyword,
  params,
  message = 'is not valid',
}: ErrorObject): string {
  const name = instancePath === '' ? 'it' : `"${instancePath.slice(1).replaceAll('/', '.')}"`;
  const given = params as Record<string, unknown>;
  switch (keyword) {
    case 'type': {
      const type = String(given['type']);
      const article = /^[aeiou]/.test(type) ? 'an' : 'a';
      return `${name} must be ${type === 'null' ? 'null' : `${article} ${type}`}`;
    }
    case 'required':
      return `${name} lacks "${String(given['missingProperty'])}"`;
    case 'additionalProperties':
      return `${name} has "${String(given['additionalProperty'])}", which the schema does not allow`;
    case 'enum':
      return `${name} must be one of ${(given['allowedValues'] as unknown[]).map((each) => JSON.stringify(each)).join(', ')}`;
    default:
      return `${name} ${message}`;
  }
}
