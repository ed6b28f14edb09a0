import type { z } from 'zod';

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields that say something: to Go's decoder, which reads Ollama's requests, null means absent. */
const said = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

const calls = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((call: unknown) =>
        isFields(call) && isFields(call['function'])
          ? said({ ...call, function: said(call['function']) })
          : call,
      )
    : value;

function message(value: unknown): unknown {
  if (!isFields(value)) return value;
  const { role, tool_calls: toolCalls, ...rest } = said(value);
  return {
    ...rest,
    role: typeof role === 'string' ? role.toLowerCase() : role,
    ...(toolCalls !== undefined && { tool_calls: calls(toolCalls) }),
  };
}

/**
 * A request as Ollama would take it: nulls left out of the request, its options, messages and tool calls, and roles in any
 * case. Schemas and the arguments of tools stay as they are: null means something there.
 *
 * @throws z.ZodError
 */
export function readOllama<S extends z.ZodType>(schema: S, value: Fields): z.output<S> {
  const { options, messages, ...rest } = said(value);
  return schema.parse({
    ...rest,
    ...(options !== undefined && { options: isFields(options) ? said(options) : options }),
    ...(messages !== undefined && { messages: Array.isArray(messages) ? messages.map(message) : messages }),
  });
}
