import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from '../__fixtures__/fake-gateway';
import { Nanite } from '../__fixtures__/nanite';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let gateway: FakeGateway;

beforeAll(async () => {
  await nanite.build();
  gateway = await new FakeGateway().start();
});
afterAll(async () => {
  await gateway.stop();
  nanite.remove();
});

const run = (line: string[] | string, input: string | null = null) =>
  nanite.run(
    typeof line === 'string' ? line.split(' ') : line,
    { NANITE_RUNTIME_DIR: gateway.folder },
    input,
  );

describe('a mistake in the command line', () => {
  it.each([
    ['pul llama3', 'unknown command: nanite pul', 'did you mean: nanite pull llama3'],
    ['zzzzzz', 'unknown command: nanite zzzzzz', 'nanite --help lists the commands'],
    ['models instal x', 'unknown command: nanite models instal', 'did you mean: nanite models pull x'],
    ['modles ls', 'unknown command: nanite modles', 'did you mean: nanite models ls'],
    ['knowledge ad x', 'unknown command: nanite knowledge ad', 'did you mean: nanite knowledge add x'],
    [
      'knowledge ad x --name y',
      'unknown command: nanite knowledge ad',
      'did you mean: nanite knowledge add x --name y',
    ],
    ['config gett cli.model y', 'unknown command: nanite config gett', 'nanite config get cli.model y'],
    ['models pul x', 'unknown command: nanite models pul', 'did you mean: nanite models pull x'],
    ['what is the capital', 'unknown command: nanite what', 'to ask a model: nanite ask what is the capital'],
    ['models show', 'nanite models show needs <model>', 'usage: nanite models show [options] <model>'],
    ['models rm x --jsn', 'unknown option: --jsn', 'did you mean --json?'],
    ['status now', 'nanite status does not take: now', 'usage: nanite status'],
    ['ask -t hot x', '--temperature cannot be hot: it takes a number from 0 to 2', 'nanite ask --help'],
    ['ask x -m', 'the option --model <model> needs a value', 'nanite ask --help'],
    ['models jobs stop x', '<action> cannot be stop: it takes', 'pause'],
    ['models export x', 'nanite models export needs --to <folder>', 'usage: nanite models export'],
    ['help modls', 'unknown command: nanite modls', 'did you mean: nanite models'],
  ])('%s', async (line, message, hint) => {
    const ran = await run(line);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain(`nanite: ${message}`);
    expect(ran.stderr).toContain(hint);
    expect(ran.stderr).not.toMatch(/error:/i);
  });

  it('is an object for a program that asked for one', async () => {
    const ran = await run('models show --json');
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'usage' } });
  });
});

describe('help', () => {
  it.each([
    ['help models pull', 'Usage: nanite models pull'],
    ['help pull', 'Usage: nanite models pull'],
    ['help', 'Usage: nanite [options]'],
    ['models help pull', 'Usage: nanite models pull'],
    ['help config set', 'Usage: nanite config set'],
    ['help run', 'Usage: nanite run'],
  ])('%s', async (line, usage) => {
    const ran = await run(line);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain(usage);
  });

  it('names the version as people ask for it', async () => {
    expect((await run('version')).stdout).toBe((await run('--version')).stdout);
  });
});

describe('what users of Ollama type', () => {
  it('lists, and asks', async () => {
    expect((await run('list')).stdout).toContain('smollm2:135m');
    expect(await run('run smollm2:135m What is blue?')).toMatchObject({
      status: 0,
      stdout: 'Blue is a colour.\n',
    });
    expect(gateway.asked.at(-1)?.body).toMatchObject({
      model: 'smollm2:135m',
      messages: [{ role: 'user', content: 'What is blue?' }],
    });
    expect(await run(['run', 'smollm2:135m'], 'Why?\n')).toMatchObject({ status: 0 });
    expect(gateway.asked.at(-1)?.body).toMatchObject({ messages: [{ role: 'user', content: 'Why?' }] });
  });
});
