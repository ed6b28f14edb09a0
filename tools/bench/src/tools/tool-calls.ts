import { requestOverSocket } from '@nanite/contracts';
import { z } from 'zod';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { InstalledNanite } from '../machine/installed';
import { figure, markdownTable } from '../report/table';
import { ableModel } from '../tokens/model';
import { asking, talking, tools } from './questions';
import { objectSchemas } from './schemas';

const Answer = z.looseObject({
  choices: z.array(
    z.looseObject({
      finish_reason: z.string(),
      message: z.looseObject({
        content: z.string().nullish(),
        tool_calls: z
          .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
          .nullish(),
      }),
    }),
  ),
});

async function ask(socketPath: string, body: object): Promise<z.infer<typeof Answer>['choices'][number]> {
  const answer = await requestOverSocket({
    socketPath,
    method: 'POST',
    path: '/v1/chat/completions',
    body: { model: ableModel.name, temperature: 0, ...body },
  });
  const [choice] = Answer.parse(answer).choices;
  if (choice === undefined) throw new Error('an answer without a choice');
  return choice;
}

/** Whether a text is JSON that a schema allows. */
function isValid(schema: object, text: string): boolean {
  try {
    return z.fromJSONSchema(schema as never).safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

interface Asked {
  question: string;
  /** Null: none. */
  expected: string | null;
  called: string | null;
  valid: boolean;
}

async function askForTool(socketPath: string, question: string, expected: string | null): Promise<Asked> {
  const { message } = await ask(socketPath, {
    tools,
    max_tokens: 160,
    messages: [{ role: 'user', content: question }],
  });
  const [call] = message.tool_calls ?? [];
  const tool = tools.find((one) => one.function.name === call?.function.name);
  const valid =
    call === undefined || (tool !== undefined && isValid(tool.function.parameters, call.function.arguments));
  return { question, expected, called: call?.function.name ?? null, valid };
}

async function askForSchema(socketPath: string, schema: object): Promise<boolean> {
  const { message } = await ask(socketPath, {
    max_tokens: 600,
    messages: [{ role: 'user', content: 'Make up an example record as JSON.' }],
    response_format: { type: 'json_schema', json_schema: { name: 'record', strict: true, schema } },
  });
  return isValid(schema, message.content ?? '');
}

const share = (list: readonly boolean[]): number => (100 * list.filter(Boolean).length) / list.length;

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const nanite = await InstalledNanite.boot('bench-tools', ableModel.packages);
  try {
    const gateway = nanite.gatewaySocket;
    const first = quick ? 4 : Infinity;
    const asked: Asked[] = [];
    for (const [tool, questions] of [...Object.entries(asking), [null, talking] as const]) {
      progress(tool === null ? 'questions that need no tool' : `questions for ${tool}`);
      for (const question of questions.slice(0, first)) asked.push(await askForTool(gateway, question, tool));
    }
    progress('answers by a schema');
    const schemas = objectSchemas(quick ? 10 : 300);
    const answers: boolean[] = [];
    for (const schema of schemas) answers.push(await askForSchema(gateway, schema));
    const needing = asked.filter(({ expected }) => expected !== null);
    const right = share(needing.map(({ expected, called }) => expected === called));
    const calls = asked.filter(({ called }) => called !== null);
    const valid = share(calls.map((one) => one.valid));
    const none = share(
      asked.filter(({ expected }) => expected === null).map(({ called }) => called === null),
    );
    const byTool = [...Object.keys(asking), null].map((tool) => {
      const of = asked.filter(({ expected }) => expected === tool);
      return [
        tool ?? 'none needed',
        String(of.length),
        figure(share(of.map(({ called }) => called === tool))),
      ];
    });
    return {
      data: { model: ableModel.name, asked, schemas: answers, versions: await nanite.versions() },
      report: `${ableModel.name}, temperature 0.\n\n${markdownTable(['tool', 'questions', 'right %'], byTool)}`,
      targets: [
        { what: 'the right tool', measured: right, must: '>=', limit: 85, unit: '%' },
        { what: 'arguments as the schema has them', measured: valid, must: '>=', limit: 100, unit: '%' },
        { what: 'no tool where none is needed', measured: none, must: '>=', limit: 80, unit: '%' },
        {
          what: `valid answers to ${schemas.length} schemas`,
          measured: share(answers),
          must: '>=',
          limit: 100,
          unit: '%',
        },
      ],
    };
  } finally {
    nanite.stop();
  }
}

export const toolCalls: Bench = {
  name: 'tools',
  summary: 'how often a model calls the right tool, and keeps to a JSON schema',
  isolated: false,
  prepare({ build: fresh, progress }) {
    if (fresh) build('deb', ableModel.packages, progress);
    return Promise.resolve();
  },
  run: measure,
};
