import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../../harness';
import { cases, conversation } from './cases';

/** Ollama's chat templates through `nanite models create` and llama-server, with real weights. */
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('templates', [
    ...['nanite-cli', 'nanite-models', 'nanite-gateway', 'nanite-engine', 'nanite-llama'],
    ...['nanite-gpu-detect', 'nanite-model-smollm2-135m-instruct'],
  ]);
});
afterAll(() => machine?.stop());

/** Asks a worker's own socket, which only root and the engine may. */
const render = `
  const body = require('fs').readFileSync(0, 'utf8');
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const call = require('http').request(
    { socketPath: process.argv[1], path: '/apply-template', method: 'POST', headers },
    (answer) => answer.pipe(process.stdout),
  );
  call.end(body);`;

test.each(cases)('$name: llama-server writes what Ollama would', async ({ template, expected }) => {
  const modelfile = `FROM smollm2:135m\nTEMPLATE """${template}"""\n`;
  await machine.run('nanite models create templated -f -', { input: modelfile });
  // One word loads it.
  await machine.run('nanite ask -m templated --max-tokens 1 hello');
  const { stdout } = await machine.run(['node', '-e', render, '/run/nanite/model/templated/worker.sock'], {
    input: JSON.stringify({ messages: conversation }),
  });
  expect(JSON.parse(stdout)).toEqual({ prompt: expected });
  await machine.run('nanite models stop templated && nanite models rm templated');
});

test('what is not understood is refused aloud', async () => {
  const refused = await machine.run('nanite models create tools -f -', {
    input: 'FROM smollm2:135m\nTEMPLATE """{{ range .Tools }}{{ .Function }}{{ end }}{{ .Prompt }}"""\n',
    check: false,
  });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('leave it out');
});
