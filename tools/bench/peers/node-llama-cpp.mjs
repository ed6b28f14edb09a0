// Measures node-llama-cpp in a process of its own: tokens/s of one sequence and of several at once, and of a prompt.
//
//   node node-llama-cpp.mjs '{"installed":DIR,"model":FILE,"threads":N,"tokens":N,"promptTokens":N,"clients":[1,4],"mostSeconds":N}'
//
// It uses the binding's lowest level (sequence.evaluate), which is its fastest: no chat template, no text, greedy.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const plan = JSON.parse(process.argv[2]);
const { getLlama, LlamaLogLevel } = await import(
  pathToFileURL(join(plan.installed, 'node_modules/node-llama-cpp/dist/index.js')).href
);
const seconds = () => Number(process.hrtime.bigint()) / 1e9;

// The prebuilt binary of the package, on the CPU, nothing fetched or compiled.
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  progressLogs: false,
  logLevel: LlamaLogLevel.error,
  maxThreads: plan.threads,
});
const model = await llama.loadModel({ modelPath: plan.model });
const most = Math.max(...plan.clients);
const context = await model.createContext({
  sequences: most,
  contextSize: 1024,
  batchSize: 512,
  threads: { ideal: plan.threads, min: plan.threads },
});
const sequences = Array.from({ length: most }, () => context.getSequence());
const start = model.tokenize('Once upon a time there was a');

/** Generates until there are enough tokens, or time is up. */
async function generate(sequence) {
  await sequence.clearHistory();
  const until = seconds() + plan.mostSeconds;
  let tokens = 0;
  let first = 0;
  let last = 0;
  for await (const _ of sequence.evaluate(start, { temperature: 0, yieldEogToken: true })) {
    last = seconds();
    if (tokens === 0) first = last;
    tokens++;
    if (tokens >= plan.tokens || last > until) break;
  }
  return { tokens, first, last };
}

const result = { threads: plan.threads, generation: {}, prompt: null };
await generate(sequences[0]);
for (const clients of plan.clients) {
  const answers = await Promise.all(sequences.slice(0, clients).map(generate));
  const first = Math.min(...answers.map((answer) => answer.first));
  const last = Math.max(...answers.map((answer) => answer.last));
  result.generation[clients] = answers.reduce((sum, { tokens }) => sum + tokens - 1, 0) / (last - first);
}
if (plan.promptTokens > 0) {
  const prompt = Array.from({ length: plan.promptTokens }, (_, i) => 1000 + ((i * 7919) % 20_000));
  await sequences[0].clearHistory();
  const from = seconds();
  await sequences[0].evaluateWithoutGeneratingNewTokens(prompt);
  result.prompt = prompt.length / (seconds() - from);
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
