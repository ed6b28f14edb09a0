type Schema = Record<string, unknown>;

/** mulberry32: the same schemas in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const words = [
  'name',
  'city',
  'count',
  'price',
  'tags',
  'active',
  'kind',
  'note',
  'size',
  'owner',
  'year',
  'level',
];
const values = ['red', 'green', 'low', 'high', 'north', 'south', 'yes', 'no', 'draft', 'final'];

function schema(next: () => number, depth: number): Schema {
  const below = (limit: number) => Math.floor(next() * limit);
  const some = (list: readonly string[], count: number) =>
    [...list]
      .sort((a, b) => a.localeCompare(b))
      .slice(below(list.length - count), list.length)
      .slice(0, count);
  const leaves: Array<() => Schema> = [
    () => ({ type: 'string', maxLength: 10 + below(20) }),
    () => ({ type: 'integer', minimum: 0, maximum: 10 ** (1 + below(4)) }),
    () => ({ type: 'number' }),
    () => ({ type: 'boolean' }),
    () => ({ enum: some(values, 2 + below(3)) }),
    () => ({ const: values[below(values.length)] }),
    () => ({ type: ['string', 'null'], maxLength: 12 }),
    () => ({ type: 'string', pattern: '^[A-Z]{2}-[0-9]{3}$' }),
    () => ({ type: 'string', format: 'date' }),
  ];
  const nested: Array<() => Schema> = [
    () => ({ type: 'array', items: schema(next, depth - 1), minItems: 1, maxItems: 1 + below(3) }),
    () => object(next, depth - 1),
    () => ({
      anyOf: [
        { type: 'integer', minimum: 0, maximum: 99 },
        { type: 'string', maxLength: 8 },
      ],
    }),
  ];
  const choices = depth > 0 ? [...leaves, ...nested] : leaves;
  return (choices[below(choices.length)] as () => Schema)();
}

function object(next: () => number, depth: number): Schema {
  const count = 1 + Math.floor(next() * 4);
  const start = Math.floor(next() * (words.length - count));
  const names = words.slice(start, start + count);
  const required = names.filter(() => next() < 0.7);
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, schema(next, depth)])),
    required: required.length > 0 ? required : [names[0]],
    additionalProperties: false,
  };
}

/** Schemas of objects, at most three levels deep, of the kinds that people write. */
export function objectSchemas(count: number): Schema[] {
  const next = random(20261130);
  return Array.from({ length: count }, () => object(next, 2));
}
