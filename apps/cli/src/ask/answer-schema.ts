import { readFileSync } from 'node:fs';
import { NaniteError, describeError } from '@nanite/kit';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { answerMistake, schemaMistakes, unknownKeywords } from './schema-words';

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
  let text = given;
  if (!inline) {
    try {
      text = readFileSync(given, 'utf8');
    } catch (cause) {
      throw new NaniteError('bad-schema', `cannot read ${name}`, { cause });
    }
  }
  try {
    schema = JSON.parse(text);
  } catch (cause) {
    const why = describeError(cause).replace(/ \(line .*$|^.*JSON\.parse: /, '');
    throw new NaniteError('bad-schema', `${name} is not valid JSON: ${why}`);
  }
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new NaniteError('bad-schema', `${name} is not a JSON schema: its top must be an object`);
  }
  const object = schema as Record<string, unknown>;
  // Schemas of people name formats and keywords that only describe; that is no reason to refuse them.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  const plain = withoutDialect(object);
  if (ajv.validateSchema(plain) === false) {
    const mistakes = schemaMistakes(plain, ajv.errors ?? []);
    throw new NaniteError('bad-schema', `${name} is not a valid JSON schema: ${mistakes.join('; ')}`);
  }
  let validate: ValidateFunction;
  try {
    validate = ajv.compile(plain);
  } catch (cause) {
    throw new NaniteError('bad-schema', `${name} cannot be used as a JSON schema`, { cause });
  }
  for (const mistake of unknownKeywords(plain)) process.stderr.write(`nanite: in ${name}, ${mistake}\n`);
  return { schema: object, check: (answer) => checked(answer, validate) };
}

/** Drafts 4 to 7 are close enough to be checked as 2020-12; their `$schema` would make ajv refuse them unread. */
function withoutDialect(schema: Record<string, unknown>): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = schema;
  return rest;
}

function checked(answer: string, validate: ValidateFunction): unknown {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch (cause) {
    throw mismatch(`it is not valid JSON (${describeError(cause)})`, answer);
  }
  if (!validate(value)) throw mismatch((validate.errors ?? []).map(answerMistake).join('; '), answer);
  return value;
}

function mismatch(why: string, answer: string): NaniteError {
  return new NaniteError('answer-mismatch', `the answer does not match the schema: ${why}`, {
    hint: `ask again, raise --max-tokens, or try a larger model; the answer was: ${answer.slice(0, 2000)}`,
  });
}
