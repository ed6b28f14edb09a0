import { readFileSync } from 'node:fs';
import { NaniteError, describeError } from '@nanite/kit';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

/** A JSON schema that an answer must match. */
export interface AnswerSchema {
  schema: Record<string, unknown>;
  /**
   * @returns the answer as a value
   * @throws NaniteError `answer-mismatch`
   */
  check: (answer: string) => unknown;
}

/**
 * Read a JSON schema from a file, or from the argument itself where it begins with a brace.
 *
 * @throws NaniteError `bad-schema`
 */
export function readAnswerSchema(given: string): AnswerSchema {
  const inline = given.trimStart().startsWith('{');
  const name = inline ? 'the schema' : given;
  let schema: unknown;
  try {
    schema = JSON.parse(inline ? given : readFileSync(given, 'utf8'));
  } catch (cause) {
    throw new NaniteError('bad-schema', `cannot read ${name} as JSON`, { cause });
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new NaniteError('bad-schema', `${name} is not a JSON schema: its top must be an object`);
  }
  const object = schema as Record<string, unknown>;
  // Schemas of people name formats and keywords that only describe; that is no reason to refuse them.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(withoutDialect(object));
  } catch (cause) {
    throw new NaniteError('bad-schema', `${name} is not a valid JSON schema`, { cause });
  }
  return { schema: object, check: (answer) => checked(answer, validate) };
}

/** Drafts 4 to 7 are close enough to be checked as 2020-12; their `$schema` would make ajv refuse them unread. */
function withoutDialect(schema: Record<string, unknown>): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = schema;
  return rest;
}

const inWords = ({ instancePath, message }: ErrorObject): string =>
  `${instancePath || 'the answer'} ${message}`;

function checked(answer: string, validate: ValidateFunction): unknown {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch (cause) {
    throw mismatch(`it is not JSON (${describeError(cause)})`, answer);
  }
  if (!validate(value)) throw mismatch((validate.errors ?? []).map(inWords).join('; '), answer);
  return value;
}

function mismatch(why: string, answer: string): NaniteError {
  return new NaniteError('answer-mismatch', `the answer does not match the schema: ${why}`, {
    hint: `ask again, raise --max-tokens, or try a larger model; the answer was: ${answer.slice(0, 2000)}`,
  });
}
