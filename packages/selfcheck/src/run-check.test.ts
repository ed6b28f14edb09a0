import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { pass, type Check } from './check';
import { runCheck } from './run-check';
import { CheckResult } from './report';
import { resultText } from './text';

const check = (run: Check['run'], seconds = 30): Check => ({
  id: 'gateway',
  title: 'The door',
  side: 'machine',
  seconds,
  quick: true,
  run,
});
const around = { root: false, live: false };
const never = new AbortController().signal;

test('a result is what the schema says', async () => {
  const result = await runCheck(
    check(() => Promise.resolve(pass('answers', { models: 2 }))),
    around,
    1,
    never,
  );
  expect(CheckResult.parse(result)).toMatchObject({ status: 'pass', hint: null, data: { models: 2 } });
});

test('what does not end in time fails, and is told to end', async () => {
  let told = false;
  const hangs = check(async (signal) => {
    try {
      await sleep(60_000, undefined, { signal });
    } finally {
      told = signal.aborted;
    }
    return pass('');
  }, 0.05);
  const result = await runCheck(hangs, around, 2, never);
  expect(result).toMatchObject({ status: 'fail', detail: 'did not end within 0.1 seconds' });
  expect(result.hint).toContain('--patience');
  expect(told).toBe(true);
});

test('what throws fails with what it threw', async () => {
  const broken = check(() => Promise.reject(new Error('no idea')));
  expect(await runCheck(broken, around, 1, never)).toMatchObject({ status: 'fail', detail: 'no idea' });
});

test('a person who ends it ends all of it, after the check has tidied up', async () => {
  const abort = new AbortController();
  let tidied = false;
  const hangs = check(async (signal) => {
    try {
      abort.abort(new Error('Ctrl-C'));
      return await sleep(60_000, pass(''), { signal });
    } finally {
      tidied = true;
    }
  });
  await expect(runCheck(hangs, around, 1, abort.signal)).rejects.toThrow('Ctrl-C');
  expect(tidied).toBe(true);
});

test('text says what to do, and lets nothing through to the terminal', () => {
  const result: CheckResult = {
    id: 'ask',
    title: 'An answer',
    status: 'fail',
    detail: 'it said \u001b[31mred\u0007',
    hint: 'nanite status',
    seconds: 1,
    data: {},
  };
  expect(resultText(result, { colour: false, width: 80 })).toBe(
    'FAIL  An answer\n      it said  [31mred\n      → nanite status\n',
  );
});
