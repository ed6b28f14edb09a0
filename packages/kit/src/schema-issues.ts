/** The part of a zod issue that is told about. Zod itself is not needed for it, and takes a while to load. */
interface Issue {
  code?: string;
  path: readonly PropertyKey[];
  message: string;
  expected?: unknown;
  format?: unknown;
  values?: readonly unknown[];
  keys?: readonly string[];
  errors?: ReadonlyArray<readonly Issue[]>;
  origin?: unknown;
  minimum?: unknown;
  maximum?: unknown;
  inclusive?: boolean;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  undefined: 'left out',
  date: 'a date',
};

const formats: Readonly<Record<string, string>> = {
  datetime: 'a date and time such as 2026-10-01T12:00:00Z',
  date: 'a date such as 2026-10-01',
  url: 'a URL',
  email: 'an e-mail address',
  regex: 'in another form',
};

const sizes: Readonly<Record<string, string>> = { string: 'characters', array: 'entries', set: 'entries' };

function bound(word: 'least' | 'most', limit: unknown, { origin, inclusive }: Issue): string {
  const unit = sizes[String(origin)];
  if (unit !== undefined) return `must have at ${word} ${String(limit)} ${unit}`;
  if (inclusive === false) return `must be ${word === 'least' ? 'above' : 'below'} ${String(limit)}`;
  return `must be at ${word} ${String(limit)}`;
}

/** What a value must be, without its name. */
function demand(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'is missing';
      return `must be ${kinds[String(issue.expected)] ?? String(issue.expected)}`;
    case 'invalid_value': {
      const values = (issue.values ?? []).map((value) =>
        typeof value === 'string' ? value : JSON.stringify(value),
      );
      return `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
    }
    case 'invalid_format': {
      const form = formats[String(issue.format)];
      return form === undefined || issue.format === 'regex' ? `is not valid` : `must be ${form}`;
    }
    case 'too_small':
      return bound('least', issue.minimum, issue);
    case 'too_big':
      return bound('most', issue.maximum, issue);
    case 'unrecognized_keys':
      return `has nothing called ${(issue.keys ?? []).join(', ')}`;
    case 'invalid_union': {
      const ways = new Set(
        (issue.errors ?? []).flatMap((branch) =>
          branch.length === 1 && branch[0]?.path.length === 0 ? [demand(branch[0])] : [],
        ),
      );
      if (ways.size === 0) return 'is not valid';
      return [...ways].map((way, i) => (i === 0 ? way : way.replace(/^must be /, ''))).join(' or ');
    }
    case 'custom':
      return issue.message === 'Invalid input' ? 'is not valid' : issue.message;
    default:
      return 'is not valid';
  }
}

const nameOf = (path: readonly PropertyKey[]): string =>
  path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('');

/** What a schema objects to, as sentences without their full stop: `model is missing; limit must be at most 200`. */
export function issuesText(issues: readonly Issue[], whole = 'the request'): string {
  return issues
    .map((issue) => {
      const name = nameOf(issue.path);
      const said = demand(issue);
      return `${name === '' ? whole : name} ${said}`;
    })
    .join('; ');
}

/** The same of anything thrown; null where it is not an error of a schema. */
export function schemaErrorText(error: unknown, whole?: string): string | null {
  if (!(error instanceof Error) || !('issues' in error) || !Array.isArray(error.issues)) return null;
  return issuesText(error.issues as Issue[], whole);
}
