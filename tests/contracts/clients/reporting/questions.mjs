// What all clients ask: see questions.json.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const { greeting, city, weather, time, toolQuestions, pixel } = JSON.parse(
  readFileSync(new URL('questions.json', import.meta.url), 'utf8'),
);
export const openaiTools = [weather, time].map((tool) => ({ type: 'function', function: tool }));

/** The value is of the schema `city`, whatever it says. */
export function isCity(value) {
  const found = typeof value === 'string' ? JSON.parse(value) : value;
  assert.deepEqual(Object.keys(found).sort(), ['big', 'city']);
  assert.equal(typeof found.city, 'string');
  assert.equal(typeof found.big, 'boolean');
}

/** A call of one of the two tools, with arguments of its schema. */
export function isCall(name, given) {
  assert.ok(['get_weather', 'get_time'].includes(name), `a call of ${name}`);
  const found = typeof given === 'string' ? JSON.parse(given) : given;
  assert.deepEqual(Object.keys(found), ['city']);
  assert.equal(typeof found.city, 'string');
}
