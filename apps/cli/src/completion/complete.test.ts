import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from '../__fixtures__/fake-gateway';
import { Nanite } from '../__fixtures__/nanite';
import { completionScripts } from './shells';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let gateway: FakeGateway;

beforeAll(async () => {
  await nanite.build();
  gateway = await new FakeGateway().start();
  mkdirSync(join(nanite.share, 'commands'), { recursive: true });
  writeFileSync(
    join(nanite.share, 'commands/rag.json'),
    JSON.stringify({
      schema: 1,
      name: 'rag',
      summary: 'ask your files',
      exec: ['/bin/true'],
      options: [{ flags: '--mode <mode>', description: 'how', choices: ['fast', 'deep'] }],
      commands: [{ name: 'index', summary: 'read files', arguments: [{ name: '<folder...>' }] }],
    }),
  );
});
afterAll(async () => {
  await gateway.stop();
  nanite.remove();
});

async function at(...words: string[]): Promise<string[]> {
  const ran = await nanite.run(['__complete', '--', ...words], { NANITE_RUNTIME_DIR: gateway.folder });
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0]!);
}

describe('nanite __complete', () => {
  it('offers commands, those of other packages too, and none that is hidden', async () => {
    const names = await at('');
    expect(names).toEqual(expect.arrayContaining(['ask', 'chat', 'config', 'rag', 'help']));
    expect(names).not.toContain('__complete');
  });

  it.each([
    [['as'], ['ask']],
    [['config', 'se'], ['set']],
    [['ask', '--mo'], ['--model']],
    [
      // Not bge-small, which only embeds.
      ['ask', '--model', ''],
      ['smollm2:135m'],
    ],
    [['ask', '-m', 'smollm2:'], ['smollm2:135m']],
    [['ask', '--model=sm'], ['--model=smollm2:135m']],
    [
      ['models', 'show', ''],
      ['bge-small', 'smollm2:135m'],
    ],
    [['ask', '-f', ''], [':files']],
    [['chat', ''], [':files']],
    [['run', ''], ['smollm2:135m']],
    [
      ['stop', ''],
      ['bge-small', 'smollm2:135m'],
    ],
    [['models', 'remove', 'bge'], ['bge-small']],
    [['help', 'conf'], ['config']],
    [['config', 'get', 'cli.mo'], ['cli.model']],
    [['config', 'set', 'gateway.re'], []],
    [['config', 'set', '--system', 'gateway.re'], ['gateway.remotes']],
    [['rag', ''], ['index']],
    [
      ['rag', '--mode', ''],
      ['fast', 'deep'],
    ],
    [['rag', 'index', ''], [':files']],
    [['ask', '--', '--mo'], []],
    [['nonsense', ''], []],
  ])('%j is completed by %j', async (words, offered) => expect(await at(...words)).toEqual(offered));

  it('offers the numbers of what was shown last, with what they lead to', async () => {
    const state = join(gateway.folder, 'state');
    mkdirSync(join(state, 'nanite'), { recursive: true });
    const remembered = { citations: { 1: 'file:///d/lease.md#L3-L4', 2: 'file:///d/plan.pdf#page=2' } };
    writeFileSync(join(state, 'nanite/citations.json'), JSON.stringify(remembered));
    const ran = await nanite.run(['__complete', '--', 'open', ''], { XDG_STATE_HOME: state });
    expect(ran.stdout).toBe('1\tlease.md, lines 3 to 4\n2\tplan.pdf, page 2\n:files\n');
  });

  it('offers no models, and no errors, where no service answers', async () => {
    const ran = await nanite.run(['__complete', '--', 'ask', '-m', ''], {});
    expect(ran).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('the script of bash', () => {
  /** What bash would offer for a line, with bash-completion's functions put in by hand. */
  async function offered(line: string): Promise<string[]> {
    const program = `
      _comp_get_words() { words=($COMP_LINE); [[ $COMP_LINE == *' ' ]] && words+=(''); cword=$((\${#words[@]} - 1)); cur=\${words[cword]}; }
      _comp_ltrim_colon_completions() { local i; for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"\${1%"\${1##*:}"}"}; done; }
      compopt() { :; }
      nanite() { ${process.execPath} ${nanite.main} "$@"; }
      ${completionScripts['bash/nanite'] ?? ''}
      COMP_LINE=$1
      _nanite
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', program, 'bash', line], {
      encoding: 'utf8',
      env: nanite.env({ NANITE_RUNTIME_DIR: gateway.folder }),
      cwd: gateway.folder,
    });
    return stdout.split('\n').filter(Boolean);
  }

  it('offers commands', async () => expect(await offered('nanite st')).toEqual(['status']));
  it('offers models behind a colon without what stands before it', async () =>
    expect(await offered('nanite ask -m smollm2:')).toEqual(['135m']));
  it('offers files', async () => expect(await offered('nanite ask -f gate')).toEqual(['gateway.sock']));
});
