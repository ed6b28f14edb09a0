import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Nanite } from '../__fixtures__/nanite';
import { readDescriptors } from './external-commands';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let program: string;

function descriptor(name: string, more: Record<string, unknown> = {}): void {
  const text = JSON.stringify({ schema: 1, name, summary: `do ${name}`, exec: [program, name], ...more });
  writeFileSync(join(nanite.share, `commands/${name}.json`), text);
}

beforeAll(async () => {
  await nanite.build();
  mkdirSync(join(nanite.share, 'commands'), { recursive: true });
  program = join(nanite.share, 'program');
  writeFileSync(
    program,
    '#!/bin/sh\nif [ "$2" = die ]; then kill -9 $$; fi\nprintf "<%s>" "$@"\ncat\nexit 7\n',
  );
  chmodSync(program, 0o755);
  descriptor('rag', {
    options: [{ flags: '-k, --top <n>', description: 'how many' }],
    commands: [{ name: 'index', summary: 'read files' }],
  });
  descriptor('ask');
  descriptor('models', {
    commands: [
      { name: 'paint', summary: 'paint a model' },
      { name: 'list', summary: 'not this' },
    ],
  });
  descriptor('gone', { exec: ['/nonexistent/program'] });
  writeFileSync(join(nanite.share, 'commands/broken.json'), '{"schema": 1');
});
afterAll(() => nanite.remove());

const run = (...words: string[]) => nanite.run(words, {}, 'input');

describe('commands of other packages', () => {
  it('get the words as typed, standard input, and give their status', async () => {
    expect(await run('rag', '--top', '3', 'index', '-x', '--', 'a b', '--help')).toMatchObject({
      status: 7,
      stdout: '<rag><--top><3><index><-x><--><a b><--help>input',
    });
  });

  it('get the words of a second-level command too', async () => {
    expect((await run('rag', 'index', '--all', 'rag')).stdout).toBe('<rag><index><--all><rag>input');
  });

  it('end with 128 and the signal that ended them', async () =>
    expect((await run('rag', 'die')).status).toBe(137));

  it('stand in the help', async () => {
    const { stdout } = await run('--help');
    expect(stdout).toMatch(/^ {2}rag .*do rag$/m);
    expect((await run('help', 'rag')).stdout).toContain('-k, --top <n>');
  });

  it('cannot take the place of ours', async () => {
    const ran = await run('ask', 'x');
    expect(ran.status).toBe(4);
    expect(ran.stdout).toBe('');
  });

  it('can add to a group of ours, but not replace what it has', async () => {
    expect((await run('models', 'paint', 'x')).stdout).toBe('<models><paint><x>input');
    expect((await run('models', 'list')).status).toBe(4);
  });

  it('that are described but gone are told as such', async () => {
    const ran = await run('gone');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('cannot run /nonexistent/program');
  });

  it('that are badly described are left out, and named when asked', () => {
    const { descriptors, faults } = readDescriptors(join(nanite.share, 'commands'));
    expect(descriptors.map(({ name }) => name)).toEqual(['ask', 'gone', 'models', 'rag']);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('broken.json does not describe a command');
  });
});
