import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway, chunk, json, lastChunk, says, shown } from '../__fixtures__/fake-gateway';
import { Nanite } from '../__fixtures__/nanite';
import type { AskResult } from './ask';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let gateway: FakeGateway;
let env: Record<string, string>;

beforeAll(async () => void (await nanite.build()));
afterAll(() => nanite.remove());
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  env = { NANITE_RUNTIME_DIR: gateway.folder };
});
afterEach(() => gateway.stop());

const chats = () => gateway.asked.filter(({ path }) => path === '/api/chat');
const lastMessage = (): { role: string; content: string; images?: string[] } =>
  (chats()[0]?.body['messages'] as Array<{ role: string; content: string }>).at(-1)!;

function file(name: string, content: string | Buffer): string {
  const path = join(gateway.folder, name);
  writeFileSync(path, content);
  return path;
}

describe('nanite ask', () => {
  it('asks the first model that can chat, and prints only the answer', async () => {
    const ran = await nanite.run(['ask', 'What', 'is blue?'], env);
    expect(ran).toEqual({ status: 0, signal: null, stdout: 'Blue is a colour.\n', stderr: '' });
    expect(chats()[0]?.body).toMatchObject({
      model: 'smollm2:135m',
      stream: true,
      messages: [{ role: 'user', content: 'What is blue?' }],
    });
  });

  it('prints pieces as they come', async () => {
    let finish = (): void => {};
    gateway.on('/api/chat', (_asked, response) => {
      response.writeHead(200);
      response.write(chunk('m', 'first'));
      finish = () => response.end(lastChunk('m'));
    });
    const run = nanite.start(['ask', '-m', 'm', 'x'], env);
    await run.shows('first');
    finish();
    expect((await run.ended).status).toBe(0);
  });

  it('puts a chunk together that the network cut inside a letter', async () => {
    gateway.on('/api/chat', async (_asked, response) => {
      response.writeHead(200);
      const bytes = Buffer.from(chunk('m', 'grün') + lastChunk('m'));
      const cut = bytes.indexOf(0xc3) + 1;
      response.write(bytes.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.end(bytes.subarray(cut));
    });
    expect((await nanite.run(['ask', '-m', 'm', 'x'], env)).stdout).toBe('grün\n');
  });

  it('takes standard input alone as the question', async () => {
    await nanite.run(['ask'], env, 'What is blue?\n');
    expect(lastMessage().content).toBe('What is blue?');
  });

  it('gives standard input and files as context, before the question', async () => {
    const notes = file('notes.md', 'a\n```\nb\n```\n');
    await nanite.run(['ask', '-f', notes, 'Why?'], env, 'piped text\n');
    expect(lastMessage().content).toBe(
      'notes.md:\n````\na\n```\nb\n```\n````\n\nstandard input:\n```\npiped text\n```\n\nWhy?',
    );
  });

  it('does not wait for standard input with --no-stdin', async () => {
    const run = nanite.start(['ask', '--no-stdin', 'x'], env, 'open');
    expect((await run.ended).status).toBe(0);
    run.child.stdin?.destroy();
  });

  it('sends images as images', async () => {
    const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.alloc(20)]);
    await nanite.run(['ask', '-f', file('a.png', png), 'What is this?'], env);
    expect(lastMessage()).toEqual({
      role: 'user',
      content: 'What is this?',
      images: [png.toString('base64')],
    });
  });

  it('hands on model, system prompt and sampling', async () => {
    const words = [
      'ask',
      '-m',
      'other',
      '-s',
      'Be brief',
      '-t',
      '0.5',
      '--seed',
      '7',
      '-n',
      '20',
      '-c',
      '512',
    ];
    await nanite.run([...words, '--stop', 'END', '-k', '10m', '--no-think', 'x'], env);
    expect(chats()[0]?.body).toMatchObject({
      model: 'other',
      messages: [{ role: 'system', content: 'Be brief' }, { role: 'user' }],
      options: { temperature: 0.5, seed: 7, num_predict: 20, num_ctx: 512, stop: ['END'] },
      keep_alive: '10m',
      think: false,
    });
  });

  it('takes defaults from the settings, and options before them', async () => {
    const config = join(gateway.folder, 'nanite');
    mkdirSync(config);
    writeFileSync(join(config, 'config.yaml'), 'cli:\n  model: mine\n  system: Short.\n  temperature: 0\n');
    const withSettings = { ...env, XDG_CONFIG_HOME: gateway.folder };
    await nanite.run(['ask', 'x'], withSettings);
    expect(chats()[0]?.body).toMatchObject({ model: 'mine', options: { temperature: 0 } });
    await nanite.run(['ask', '-m', 'named', 'x'], withSettings);
    expect(chats()[1]?.body).toMatchObject({ model: 'named' });
  });

  it('prints one JSON object with --json', async () => {
    const ran = await nanite.run(['ask', '--json', 'x'], env);
    expect(JSON.parse(ran.stdout) as AskResult).toEqual({
      model: 'smollm2:135m',
      answer: 'Blue is a colour.',
      finish: 'stop',
      tokens: { prompt: 9, answer: 4 },
      timings: { total: 50, load: 1, prompt: 9, answer: 20, tokensPerSecond: 200 },
    });
  });

  it('shows thoughts only in --json', async () => {
    gateway.on('/api/chat', (_asked, response) => {
      response.writeHead(200);
      response.write(chunk('m', '', { message: { role: 'assistant', content: '', thinking: 'hm' } }));
      response.end(chunk('m', 'yes') + lastChunk('m'));
    });
    expect((await nanite.run(['ask', '-m', 'm', 'x'], env)).stdout).toBe('yes\n');
    const ran = await nanite.run(['ask', '-m', 'm', '--json', 'x'], env);
    expect(JSON.parse(ran.stdout)).toMatchObject({ answer: 'yes', thinking: 'hm' });
  });
});

describe('nanite ask --schema', () => {
  const schema = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}';

  it('asks for the schema and prints the answer that matches', async () => {
    gateway.on('/api/chat', says('{"n":', ' 4}'));
    const ran = await nanite.run(['ask', '--schema', file('s.json', schema), 'x'], env);
    expect(ran).toMatchObject({ status: 0, stdout: '{"n": 4}\n' });
    expect(chats()[0]?.body['format']).toEqual(JSON.parse(schema));
  });

  it.each([
    ['{"n": "four"}', '"n" must be an integer'],
    ['{}', 'it lacks "n"'],
    ['{"n": 4', 'it is not valid JSON'],
  ])('prints nothing and ends with 6 for %s', async (answer, why) => {
    gateway.on('/api/chat', says(answer));
    const ran = await nanite.run(['ask', '--schema', schema, 'x'], env);
    expect(ran).toMatchObject({ status: 6, stdout: '' });
    expect(ran.stderr).toContain(why);
  });

  it('gives the value with --json', async () => {
    gateway.on('/api/chat', says('{"n":4}'));
    const ran = await nanite.run(['ask', '--json', '--schema', schema, 'x'], env);
    expect(JSON.parse(ran.stdout)).toMatchObject({ value: { n: 4 } });
  });

  it('refuses what is not a schema before asking', async () => {
    const ran = await nanite.run(['ask', '--schema', '{"type":"objekt"}', 'x'], env);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toBe(
      'nanite: the schema is not a valid JSON schema: "objekt" is not a type (at /type); did you mean "object"?\n',
    );
    const gone = await nanite.run(['ask', '--schema', 'gone.json', 'x'], env);
    expect(gone.stderr).toBe('nanite: cannot read gone.json: there is no such file or folder\n');
    expect(gateway.asked).toEqual([]);
  });

  it('points out a keyword that is none, and asks all the same', async () => {
    gateway.on('/api/chat', says('{}'));
    const odd = '{"type":"object","propertys":{"n":{"type":"integer"}},"x-order":1}';
    const ran = await nanite.run(['ask', '--schema', odd, 'x'], env);
    expect(ran).toMatchObject({
      status: 0,
      stderr:
        'nanite: in the schema, "propertys" (at /propertys) is not a keyword and has no effect; did you mean "properties"?\n',
    });
  });
});

describe('what can go wrong with nanite ask', () => {
  it('says what to do where nothing answers', async () => {
    const ran = await nanite.run(['ask', 'x'], { NANITE_RUNTIME_DIR: '/nonexistent' });
    expect(ran).toMatchObject({ status: 4, stdout: '' });
    expect(ran.stderr).toContain('nothing answers on /nonexistent/gateway.sock');
    expect(ran.stderr).toContain('systemctl start nanite-gateway.socket');
    expect(ran.stderr).toContain('nanite serve');
  });

  it('does not send a person to the services of this machine for the fault of another', async () => {
    const ran = await nanite.run(['ask', 'x'], { NANITE_HOST: 'http://nobody.invalid' });
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain('nothing answers on http://nobody.invalid: ');
    expect(ran.stderr).toContain('check NANITE_HOST');
    expect(ran.stderr).not.toMatch(/systemctl|ENOTFOUND|EAI_AGAIN/);
  });

  it('ends with 3 for an unknown model, in the words of the service', async () => {
    gateway.on('/api/chat', (_asked, response) =>
      json(response, 404, { error: "model 'smol' not found; did you mean smollm2:135m?" }),
    );
    const ran = await nanite.run(['ask', '-m', 'smol', 'x'], env);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('did you mean smollm2:135m?');
  });

  it('says how to get a model of the catalogue', async () => {
    mkdirSync(join(nanite.share, 'catalogue'), { recursive: true });
    const catalogue = resolve(import.meta.dirname, '../../../../packages/model-catalog/catalogue');
    copyFileSync(join(catalogue, 'llama.json'), join(nanite.share, 'catalogue/llama.json'));
    gateway.on('/api/chat', ({ body }, response) =>
      json(response, 404, { error: `model '${String(body['model'])}' not found (see: nanite models)` }),
    );
    const known = await nanite.run(['ask', '-m', 'llama3.2:1b', 'x'], env);
    expect(known.stderr).toBe(
      'nanite: the model llama3.2:1b is not installed\n  get it: nanite models pull llama3.2:1b\n',
    );
    const near = await nanite.run(['ask', '-m', 'llama3.2:1', 'x'], env);
    expect(near.stderr).toContain('the catalogue has llama3.2:1b: nanite models pull llama3.2:1b');
    const unknown = await nanite.run(['ask', '-m', 'zzzzzzzzzzzz', 'x'], env);
    expect(unknown.stderr).toContain('nanite models search');
  });

  it.each([
    [['-n', '3'], 3, ''],
    [[], 4, "stopped after 4 tokens, which is the model's limit; nanite ask --max-tokens sets another"],
    [[], 40, 'stopped because the context of 49 tokens is full'],
  ])('says why an answer was cut off: %j, %i tokens', async (options, count, why) => {
    const parameters = count === 4 ? 'temperature 0\nnum_predict 4' : 'temperature 0';
    gateway.on('/api/show', (_asked, response) =>
      json(response, 200, { ...shown, parameters, capabilities: ['completion'] }),
    );
    gateway.on('/api/chat', ({ body }, response) => {
      const model = String(body['model']);
      response.writeHead(200);
      response.end(chunk(model, 'x') + lastChunk(model, { done_reason: 'length', eval_count: count }));
    });
    const ran = await nanite.run(['ask', '-m', 'smollm2:135m', ...options, 'x'], env);
    expect(ran.status).toBe(0);
    if (why === '') expect(ran.stderr).toBe('');
    else expect(ran.stderr).toContain(why);
  });

  it('says how long a prompt is that does not fit, and what to do', async () => {
    const overflow = (prompt: number, context: number) =>
      gateway.on('/api/chat', (_asked, response) =>
        json(response, 400, {
          error: `the prompt has ${prompt} tokens, the context holds ${context} (send less, or ask for a larger num_ctx if the model has one)`,
        }),
      );
    const notes = file('big.txt', 'words\n');
    overflow(1_520_000, 2048);
    const ran = await nanite.run(['ask', '-f', notes, '-c', '100000', 'What is it?'], env);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(
      'big.txt with the question is about 1.5 million tokens; smollm2:135m takes at most 2,048 tokens',
    );
    expect(ran.stderr).toContain('choose a model with a longer context');
    expect(ran.stderr).toContain('nanite knowledge add');
    expect(ran.stderr).not.toContain('num_ctx');
    overflow(1200, 1024);
    const small = await nanite.run(['ask', '-c', '1024', 'What is it?'], env);
    expect(small.stderr).toContain(
      'the prompt is 1,200 tokens; the context is 1,024 tokens\n  set a larger one: --context 2048',
    );
  });

  it('stops an answer that repeats itself, unless its length was asked for', async () => {
    const pieces = Array.from({ length: 60 }, () => 'It is four. ');
    const loop = 'nanite: stopped: it repeats itself';
    gateway.on('/api/chat', says(...pieces));
    const ran = await nanite.run(['ask', 'x'], env);
    expect(ran).toMatchObject({ status: 0, stderr: `${loop}\n` });
    expect(ran.stdout.length).toBeLessThan(500);
    const structured = JSON.parse((await nanite.run(['ask', '--json', 'x'], env)).stdout) as AskResult;
    expect(structured.finish).toBe('loop');
    const whole = await nanite.run(['ask', '-n', '1000', 'x'], env);
    expect(whole.stdout).toBe(`${pieces.join('')}\n`);
  });

  it('ends with 3 where no model can chat', async () => {
    gateway.on('/api/tags', (_asked, response) => json(response, 200, { models: [] }));
    const ran = await nanite.run(['ask', 'x'], env);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('apt install nanite-model');
  });

  it('ends with 5 where the service is busy, and says for how long', async () => {
    gateway.on('/api/chat', (_asked, response) => {
      response.setHeader('retry-after', '7');
      json(response, 503, { error: 'too many requests wait' });
    });
    const ran = await nanite.run(['ask', 'x'], env);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toContain('try again in 7 s');
  });

  it('keeps what was said and fails where the answer breaks off', async () => {
    gateway.on('/api/chat', async (_asked, response) => {
      response.writeHead(200);
      response.write(chunk('m', 'half'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.destroy();
    });
    const ran = await nanite.run(['ask', 'x'], env);
    expect(ran).toMatchObject({ status: 1, stdout: 'half' });
    expect(ran.stderr).toContain('the answer broke off');
  });

  it('takes an end without a last piece for a broken answer', async () => {
    gateway.on('/api/chat', (_asked, response) => void response.writeHead(200).end(chunk('m', 'half')));
    expect((await nanite.run(['ask', 'x'], env)).status).toBe(1);
  });

  it('passes on an error that comes in the middle', async () => {
    gateway.on('/api/chat', (_asked, response) => {
      response.writeHead(200);
      response.end(`${chunk('m', 'half')}${JSON.stringify({ error: 'the worker was killed' })}\n`);
    });
    const ran = await nanite.run(['ask', 'x'], env);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('the worker was killed');
  });

  it('tells errors as JSON with --json', async () => {
    gateway.on('/api/chat', (_asked, response) => json(response, 404, { error: 'no such model' }));
    const ran = await nanite.run(['ask', '--json', 'x'], env);
    expect(ran).toMatchObject({ status: 3, stdout: '' });
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'http-404', message: 'no such model' } });
  });

  it.each([
    [['ask'], 'no question was given'],
    [['ask', '--tempreature', '1', 'x'], 'did you mean'],
    [['ask', '-t', 'hot', 'x'], 'a number from 0 to 2'],
    [['ask', '-m', '', 'x'], 'the name of a model'],
    [['ask', '--seed', '-1', 'x'], 'a whole number'],
    [['ask', '-f', '/nonexistent', 'x'], 'cannot read /nonexistent: there is no such file or folder'],
    [['ask', '-f', '/etc', 'x'], 'cannot read /etc: it is a folder'],
    [['ask', '-k', 'soon', 'x'], 'a duration'],
    [['aks', 'x'], 'ask'],
  ])('takes %j for a mistake of usage', async (words, says_) => {
    const ran = await nanite.run(words, env);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr.toLowerCase()).toContain(says_.toLowerCase());
  });

  it('refuses a binary file', async () => {
    const ran = await nanite.run(['ask', '-f', file('x.bin', Buffer.from([1, 0, 2])), 'x'], env);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('neither text in UTF-8 nor an image');
  });

  it('cancels the request on Ctrl-C and ends with 130', async () => {
    const closed = new Promise<void>((resolve) => {
      gateway.on('/api/chat', (_asked, response) => {
        response.writeHead(200);
        response.write(chunk('m', 'begun'));
        response.on('close', resolve);
      });
    });
    const run = nanite.start(['ask', 'x'], env);
    await run.shows('begun');
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ status: 130, stdout: 'begun', stderr: '' });
    await closed;
    expect(gateway.aborted).toBe(1);
  });

  it('ends quietly, and cancels, when its reader has enough', async () => {
    const closed = new Promise<void>((resolve) => {
      gateway.on('/api/chat', (_asked, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(chunk('m', 'line\n')), 5);
        response.on('close', () => {
          clearInterval(timer);
          resolve();
        });
      });
    });
    const shell = spawn(
      'bash',
      ['-c', `"$0" "$1" ask x | head -1; echo "\${PIPESTATUS[0]}"`, process.execPath, nanite.main],
      {
        env: nanite.env(env),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (piece) => (output += String(piece)));
    await new Promise((resolve) => shell.once('close', resolve));
    await closed;
    expect(output).toBe('line\n141\n');
  });

  it('lets control characters through to a pipe, where they are data', async () => {
    gateway.on('/api/chat', says('\u001b]52;c;x\u0007'));
    expect((await nanite.run(['ask', 'x'], env)).stdout).toBe('\u001b]52;c;x\u0007\n');
  });
});
