import { z } from 'zod';
import { fail, pass, skip, warn, type Check, type Verdict } from '../check';
import { runProgram, type Ran } from '../program';

const question = 'What is the capital of France?';

/** What of `nanite ask --json` matters here. */
const Answer = z.object({
  model: z.string(),
  answer: z.string(),
  timings: z.object({ load: z.number().nullable(), tokensPerSecond: z.number().nullable() }),
});
const Refusal = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
});

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What an answer of `nanite ask --json`, or its refusal, says of the machine. */
export function judgeAnswer({ code, stdout, stderr }: Ran): Verdict {
  const answered = Answer.safeParse(jsonOf(stdout));
  if (code === 0 && answered.success) {
    const { model, answer, timings } = answered.data;
    const said = answer.trim().replace(/\s+/g, ' ');
    if (said === '') return fail(`${model} answered nothing`, 'see why: journalctl -b -u "nanite-model@*"');
    return pass(`${model}: ${said.slice(0, 120)}`, {
      model,
      tokensPerSecond: timings.tokensPerSecond,
      loadSeconds: timings.load === null ? null : timings.load / 1000,
    });
  }
  const refused = Refusal.safeParse(jsonOf(stderr.trim().split('\n').at(-1) ?? ''));
  if (!refused.success) return fail(stderr.trim() || `nanite ask ended with ${code}`, 'nanite status');
  const { code: reason, message, hint } = refused.data.error;
  // Both are how the machine is made and not a fault in it: models are a person's choice.
  if (reason === 'no-model') return warn(message, hint ?? 'nanite models search', { model: null });
  // Ollama's API has no codes: too large for this machine, or for what is free of it now.
  if (['model-too-large', 'http-507', 'http-503'].includes(reason) && /needs \d+ MiB/.test(message)) {
    // "Try again in 30 s" is for a program: memory comes when a person does something.
    const todo = 'close other programs, or choose a smaller model: nanite models search';
    return warn(`no model fits into the memory here: ${message}`, todo, { model: null });
  }
  return fail(message, hint ?? 'nanite status');
}

export const ask: Check = {
  id: 'ask',
  title: 'An answer',
  side: 'person',
  seconds: 120,
  quick: false,
  run: async (signal) => {
    const options = ['--json', '--no-stdin', '--temperature', '0', '--seed', '1', '--max-tokens', '24'];
    const ran = await runProgram(['nanite', 'ask', ...options, question], signal);
    return ran === null ? skip('nanite-cli is not installed') : judgeAnswer(ran);
  },
};
