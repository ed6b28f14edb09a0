import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeError, NaniteError } from '@nanite/kit';
import { GatewayEmbedder, usualModel } from '../embed';
import { Chroma } from '../vectors';
import { evaluate, modes, type Evaluation } from './evaluate';
import { readDataSet } from './read-data-set';

/** `nanite knowledge eval [--json] [--model NAME] [--details FILE] FOLDER` */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, model: { type: 'string' }, details: { type: 'string' } },
  });
  const [folder, ...more] = positionals;
  if (folder === undefined || more.length > 0) {
    throw new NaniteError('bad-arguments', 'name one folder', {
      hint: 'nanite knowledge eval FOLDER',
      status: 400,
    });
  }
  const data = await readDataSet(folder);
  const embedder = new GatewayEmbedder({ model: values.model ?? usualModel() });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error('stopped')));
  const show = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
  const evaluation = await evaluate(
    data,
    embedder,
    (index) => new Chroma(index, embedder.model),
    (stage, done, all) =>
      show(stage === 'indexed' ? `${done} of ${all} passages` : `${done} of ${all} questions`),
    stop.signal,
  );
  show('');
  if (values.details !== undefined) writeFileSync(values.details, JSON.stringify(evaluation.details));
  process.stdout.write(values.json === true ? `${json(evaluation)}\n` : table(evaluation));
}

function json({ measured, significance, details: _, ...about }: Evaluation): string {
  return JSON.stringify({ ...measured, significance, ...about });
}

function table({ dataSet, documents, questions, model, measured, significance }: Evaluation): string {
  const line = (...cells: string[]) =>
    `${cells.map((cell, at) => (at === 0 ? cell.padEnd(8) : cell.padStart(11))).join('')}\n`;
  const compared = (['sparse', 'dense'] as const).map((other) => {
    const { ratio, p } = significance[other];
    return `hybrid is ${ratio.toFixed(3)} times ${other} by nDCG@10, p = ${p.toPrecision(2)} (paired randomisation)\n`;
  });
  return [
    `${dataSet}: ${documents} documents, ${questions} questions, ${model}\n\n`,
    line('', 'nDCG@10', 'recall@100', 'MRR'),
    ...modes.map((mode) => {
      const found = measured[mode];
      return line(mode, found['ndcg@10'].toFixed(4), found['recall@100'].toFixed(4), found.mrr.toFixed(4));
    }),
    '\n',
    ...compared,
  ].join('');
}

main().catch((error: unknown) => {
  const hint = error instanceof NaniteError && error.hint !== null ? `\n${error.hint}` : '';
  process.stderr.write(`nanite knowledge eval: ${describeError(error)}${hint}\n`);
  process.exitCode = 1;
});
