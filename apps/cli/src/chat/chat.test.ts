import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway, json } from '../__fixtures__/fake-gateway';
import { Nanite } from '../__fixtures__/nanite';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let gateway: FakeGateway;
let env: Record<string, string>;

beforeAll(async () => void (await nanite.build()));
afterAll(() => nanite.remove());
beforeEach(async () => {
  gateway = await new FakeGateway().start();
  env = { NANITE_RUNTIME_DIR: gateway.folder, XDG_STATE_HOME: join(gateway.folder, 'state') };
});
afterEach(() => gateway.stop());

const chats = () => gateway.asked.filter(({ path }) => path === '/api/chat').map(({ body }) => body);

describe('nanite chat without a terminal', () => {
  it('answers line by line and remembers what was said', async () => {
    const ran = await nanite.run(['chat'], env, 'one\ntwo\n');
    expect(ran).toEqual({
      status: 0,
      signal: null,
      stdout: 'Blue is a colour.\nBlue is a colour.\n',
      stderr: '',
    });
    expect(chats()[1]?.['messages']).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'Blue is a colour.' },
      { role: 'user', content: 'two' },
    ]);
  });

  it('understands entries of several lines, and an end in the middle of one', async () => {
    await nanite.run(['chat'], env, '"""a\nb"""\nc\\\nd');
    const contents = chats().map((body) => (body['messages'] as Array<{ content: string }>).at(-1)?.content);
    expect(contents).toEqual(['a\nb', 'c\nd']);
  });

  it('obeys commands', async () => {
    const ran = await nanite.run(
      ['chat'],
      env,
      '/system Be brief\nhello\n/clear\n/model bge-small\nagain\n/exit\nnot asked\n',
    );
    expect(ran.status).toBe(0);
    expect(chats()).toHaveLength(2);
    expect(chats()[1]).toMatchObject({
      model: 'bge-small',
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'again' },
      ],
    });
  });

  it('saves a conversation for its owner only, and continues it', async () => {
    await nanite.run(['chat'], env, 'hello\n/save talk\n');
    const file = join(gateway.folder, 'state/nanite/chats/talk.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await nanite.run(['chat', 'talk'], env, 'and now?\n');
    expect((chats()[1]?.['messages'] as unknown[]).length).toBe(3);
  });

  it('refuses a file that is not a conversation', async () => {
    writeFileSync(join(gateway.folder, 'x.json'), '{"messages": 1}');
    const ran = await nanite.run(['chat', join(gateway.folder, 'x.json')], env, 'hello\n');
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('is not a saved conversation');
  });

  it('ends with the first failure', async () => {
    gateway.on('/api/chat', (_asked, response) => json(response, 503, { error: 'no memory' }));
    const ran = await nanite.run(['chat'], env, 'one\ntwo\n');
    expect(ran.status).toBe(5);
    expect(chats()).toHaveLength(1);
  });

  it('writes no history', async () => {
    await nanite.run(['chat'], env, 'secret\n');
    expect(existsSync(join(gateway.folder, 'state/nanite/chat-history'))).toBe(false);
  });
});
