import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway, json } from '../__fixtures__/fake-gateway';
import { Nanite } from '../__fixtures__/nanite';
import type { KnowledgeResult } from './ask';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let rag: FakeGateway;
let env: Record<string, string>;

beforeAll(async () => void (await nanite.build()));
afterAll(() => nanite.remove());
beforeEach(async () => {
  rag = await new FakeGateway({}, 'rag').start();
  env = {
    NANITE_RUNTIME_DIR: rag.folder,
    XDG_RUNTIME_DIR: rag.folder,
    NANITE_RAG_SOCKET: join(rag.folder, 'rag.sock'),
    XDG_STATE_HOME: join(rag.folder, 'state'),
  };
});
afterEach(() => rag.stop());

const passage = (id: number, path: string) => ({
  id,
  collection: 'notes',
  path,
  uri: `file://${path}#L3-L9`,
  type: 'markdown',
  title: null,
  headings: ['Ports', 'Which'],
  place: { kind: 'lines', from: 3, to: 9 },
  symbol: null,
  text: 'The gateway listens\non port 11434.',
  modified: '2026-11-23T10:00:00Z',
});

const progress = {
  state: 'ready',
  why: null,
  files: { found: 3, indexed: 2, aside: 1 },
  chunks: { all: 7, embedded: 7 },
  eta: null,
};

const collection = (name: string, roots: string[], more: Record<string, unknown> = {}) => ({
  name,
  roots,
  include: [],
  exclude: [],
  gitignore: true,
  progress,
  ...more,
});

function says(events: unknown[]): void {
  rag.on('/v1/ask', (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  });
}

const found = {
  event: 'found',
  passages: [passage(11, '/n/other.md'), passage(12, '/n/ports.md')],
  notes: [],
};
const source = { event: 'source', number: 1, passage: passage(12, '/n/ports.md') };
const sentence = {
  event: 'text',
  text: 'It listens on port 11434.',
  citations: [{ number: 1, quote: 'The gateway listens\non port 11434.', uri: 'file:///n/ports.md#L4-L5' }],
  quoted: false,
};
const done = { event: 'done', answered: true, why: null, model: 'smollm2:135m', dropped: 1, notes: [] };

describe('nanite ask --knowledge', () => {
  it('prints each sentence with its citation, and the passages that are cited', async () => {
    says([found, source, sentence, done]);
    const ran = await nanite.run(['ask', '--knowledge', 'Which', 'port?'], env);
    expect(ran.stdout).toBe(
      'It listens on port 11434. [1]\n\n' +
        '[1] /n/ports.md, lines 3 to 9 · Ports › Which\n' +
        '    “The gateway listens on port 11434.”\n' +
        '    file:///n/ports.md#L4-L5\n',
    );
    expect(ran.stderr).toContain('left out 1 sentence that nothing in your files supports');
    expect(ran.status).toBe(0);
    expect(rag.asked[0]?.body).toEqual({ question: 'Which port?', filter: {} });
  });

  it('takes the question from standard input, and collections and a model by name', async () => {
    says([found, source, sentence, done]);
    await nanite.run(['ask', '--collection', 'notes', '-m', 'big'], env, 'Which port?');
    expect(rag.asked[0]?.body).toEqual({
      question: 'Which port?',
      filter: { collections: ['notes'] },
      model: 'big',
    });
  });

  it('prints one JSON object with --json', async () => {
    says([found, source, sentence, done]);
    const ran = await nanite.run(['ask', '--knowledge', '--json', 'x'], env);
    expect(JSON.parse(ran.stdout) as KnowledgeResult).toMatchObject({
      answered: true,
      answer: 'It listens on port 11434. [1]',
      sentences: [{ text: 'It listens on port 11434.', citations: [{ number: 1 }] }],
      sources: [{ number: 1, passage: { uri: 'file:///n/ports.md#L3-L9' } }],
      model: 'smollm2:135m',
      dropped: 1,
    });
  });

  it('says that it is not in the files, and ends with 7', async () => {
    says([{ ...done, answered: false, why: 'nothing in your files is about this', dropped: 0 }]);
    const ran = await nanite.run(['ask', '--knowledge', 'x'], env);
    expect(ran).toMatchObject({
      status: 7,
      stdout: 'Not in your files: nothing in your files is about this.\n',
      stderr: '',
    });
  });

  it('ends with 130 on Ctrl-C, and asks no more', async () => {
    const gone = new Promise<void>((resolve) => {
      rag.onRaw('/v1/ask', (_text, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        response.write(`${JSON.stringify(found)}\n${JSON.stringify(source)}\n${JSON.stringify(sentence)}\n`);
        response.once('close', resolve);
      });
    });
    const run = nanite.start(['ask', '--knowledge', 'x'], env);
    await run.shows('It listens');
    run.child.kill('SIGINT');
    expect(await run.ended).toMatchObject({ status: 130, stderr: '' });
    await gone;
  });

  it('calls quotations what they are, and ends with 7', async () => {
    const why = "nothing in your files supports the model's answer";
    says([found, source, { ...sentence, quoted: true }, { ...done, answered: false, why, dropped: 3 }]);
    const ran = await nanite.run(['ask', '--knowledge', 'x'], env);
    expect(ran.status).toBe(7);
    expect(ran.stdout).toMatch(
      /^Closest passages, not an answer:\n“It listens on port 11434\.” \[1\]\n\n\[1\] /,
    );
    // One statement: what was left out is all that the model said.
    expect(ran.stderr).toBe(`${why}\n`);
  });

  it.each([
    [
      'an error of the service',
      [{ event: 'error', code: 'busy', message: 'too much at once', hint: null }],
      'too much',
    ],
    ['an answer that breaks off', [found, source, sentence], 'broke off'],
    ['an event that nobody knows', [{ event: 'surprise' }], 'something we do not know'],
  ])('tells of %s', async (_what, events, words) => {
    says(events);
    const ran = await nanite.run(['ask', '--knowledge', 'x'], env);
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toContain(words);
    if (words.includes('do not know')) {
      expect(ran.stderr.replace(/\s+/g, ' ')).toMatch(/nanite-rag .*of different versions: sudo apt upgrade/);
    }
  });

  it('says which package is missing', async () => {
    const ran = await nanite.run(['ask', '--knowledge', 'x'], { ...env, NANITE_RAG_SOCKET: '/nowhere' });
    expect(ran.status).toBe(4);
    expect(ran.stderr).toMatch(/nanite-rag/);
  });

  it.each([
    ['--file', 'x'],
    ['--schema', '{}'],
  ])('refuses %s beside it', async (...words) => {
    expect((await nanite.run(['ask', '--knowledge', ...words, 'x'], env)).status).toBe(2);
  });
});

describe('nanite search', () => {
  const hits = (...found: unknown[]) =>
    rag.on('/v1/search', (_asked, response) =>
      json(response, 200, { hits: found, notes: ['not searched by meaning: no model'], milliseconds: 3 }),
    );
  const hit = {
    passage: passage(12, '/n/ports.md'),
    score: 0.824,
    ranks: { sparse: 1, dense: null, name: null },
    duplicates: ['file:///m'],
  };

  it('lists what is found', async () => {
    hits(hit);
    const ran = await nanite.run(['search', 'gateway', 'port'], env);
    expect(ran).toEqual({
      status: 0,
      signal: null,
      stdout:
        ' 1  /n/ports.md, lines 3 to 9  82 %\n    Ports › Which\n' +
        '    The gateway listens on port 11434.\n    the same in 1 more file\n',
      stderr: 'not searched by meaning: no model\n',
    });
  });

  it('shows no figure where none is known: 0 % is not a likelihood of what comes first', async () => {
    const faint = { ...hit, score: 0.0099, duplicates: [] };
    hits({ ...hit, score: 0.01, duplicates: [] }, faint, { ...faint, score: 0 });
    const { stdout } = await nanite.run(['search', 'port'], env);
    const heads = stdout.split('\n').filter((line) => line.includes('ports.md'));
    expect(heads).toEqual([
      ' 1  /n/ports.md, lines 3 to 9  1 %',
      ' 2  /n/ports.md, lines 3 to 9',
      ' 3  /n/ports.md, lines 3 to 9',
    ]);
  });

  it('hands on what narrows it', async () => {
    hits(hit);
    const words = [
      '-c',
      'notes',
      '-t',
      'pdf',
      '-t',
      'code',
      '--path',
      '*.md',
      '--after',
      '2026-10-01',
      '-n',
      '3',
      '--mode',
      'names',
    ];
    await nanite.run(['search', ...words, 'x'], env);
    expect(rag.asked[0]?.body).toEqual({
      query: 'x',
      limit: 3,
      mode: 'names',
      filter: { collections: ['notes'], types: ['pdf', 'code'], path: '*.md', after: '2026-10-01' },
    });
  });

  it('finds nothing, and ends with 7', async () => {
    hits();
    expect((await nanite.run(['search', 'x'], env)).status).toBe(7);
  });

  it('is opened by number', async () => {
    const file = join(rag.folder, 'ports.md');
    writeFileSync(file, 'text');
    hits({ ...hit, passage: { ...passage(12, file), uri: `file://${file}#L3-L9` } });
    await nanite.run(['search', 'x'], env);
    const ran = await nanite.run(['open', '--print', '--with', 'vim', '1'], env);
    expect(ran.stdout).toBe(`vim +3 ${file}\n`);
    expect((await nanite.run(['open', '2'], env)).stderr).toContain('there is no result number 2');
    // Paths of a person's files are nobody else's business.
    expect(readFileSync(join(rag.folder, 'state/nanite/citations.json'), 'utf8')).toContain('ports.md');
  });
});

describe('nanite knowledge', () => {
  const put = (name: string) =>
    rag.on(`/v1/collections/${name}`, ({ body, method }, response) => {
      if (method === 'DELETE') response.writeHead(204).end();
      else json(response, 200, collection(name, (body['roots'] as string[]) ?? ['/a']));
    });

  it('adds folders under the name of the first', async () => {
    const folder = join(rag.folder, 'papers');
    mkdirSync(folder);
    rag.on('/v1/collections', (_asked, response) => json(response, 200, { collections: [] }));
    put('papers');
    const ran = await nanite.run(['knowledge', 'add', folder, '--exclude', '*.log'], env);
    expect(ran).toMatchObject({
      status: 0,
      stdout: 'papers: 2 files, 7 passages, 1 file skipped (nanite knowledge show papers)\n',
    });
    expect(rag.asked[1]).toMatchObject({ method: 'PUT', body: { roots: [folder], exclude: ['*.log'] } });
  });

  it('adds to what a collection has', async () => {
    rag.on('/v1/collections', (_asked, response) =>
      json(response, 200, { collections: [collection('papers', ['/a'])] }),
    );
    put('papers');
    await nanite.run(['knowledge', 'add', rag.folder, '--name', 'papers'], env);
    expect(rag.asked[1]?.body).toEqual({ roots: ['/a', rag.folder] });
  });

  it('refuses a folder that is not there, before it asks', async () => {
    const ran = await nanite.run(['knowledge', 'add', '/nowhere/at/all'], env);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('/nowhere/at/all cannot be added: there is no such file or folder');
    expect(rag.asked).toEqual([]);
  });

  it('says which collection was meant, or which there are', async () => {
    rag.on('/v1/search', (_asked, response) =>
      json(response, 404, {
        error: {
          code: 'no-such-collection',
          message: 'there is no collection wrok',
          hint: 'there are: none',
        },
      }),
    );
    rag.on('/v1/collections', (_asked, response) =>
      json(response, 200, { collections: [collection('docs', ['/a']), collection('work', ['/b'])] }),
    );
    const ran = await nanite.run(['search', '-c', 'wrok', 'lease'], env);
    expect(ran.stderr).toBe('nanite: there is no collection "wrok"\n  did you mean "work"?\n');
  });

  it('lists, and says what does not work', async () => {
    rag.on('/v1/status', (_asked, response) =>
      json(response, 200, {
        collections: [collection('papers', ['/a', '/b'])],
        dense: { down: 'the model is not installed', model: 'bge-small' },
        rerank: { model: null },
        watch: { folders: 3, degraded: null },
      }),
    );
    const ran = await nanite.run(['knowledge'], env);
    expect(ran.stdout).toBe(
      'NAME    STATE  FILES  PASSAGES  MEANING  FOLDERS\n' +
        'papers  ready  2      7         100 %    /a, /b\n' +
        'Not searched by meaning: the model is not installed.\n',
    );
  });

  it('shows which files were set aside, and why', async () => {
    put('papers');
    rag.on('/v1/collections/papers/aside', (_asked, response) =>
      json(response, 200, {
        files: [{ path: '/a/x.pdf', uri: 'file:///a/x.pdf', type: 'pdf', reason: 'it is encrypted' }],
        more: 2,
      }),
    );
    const ran = await nanite.run(['knowledge', 'show', 'papers'], env);
    expect(ran.stdout).toContain('skipped\n  /a/x.pdf: it is encrypted\n  and 2 more\n');
  });

  it('exports into a file and imports from it, under another name and from other folders', async () => {
    const header = {
      format: 'nanite-knowledge',
      version: 1,
      name: 'papers',
      roots: ['/a'],
      include: [],
      exclude: [],
      gitignore: true,
      model: 'bge-small',
      components: 1,
    };
    const vector = { text: Buffer.alloc(16).toString('base64'), vector: Buffer.alloc(4).toString('base64') };
    rag.on('/v1/collections/papers/export', (_asked, response) => {
      response.end(`${JSON.stringify(header)}\n${JSON.stringify(vector)}\n`);
    });
    const file = join(rag.folder, 'papers.export');
    expect(await nanite.run(['knowledge', 'export', 'papers', '--to', file], env)).toMatchObject({
      status: 0,
    });
    expect((await nanite.run(['knowledge', 'export', 'papers', '--to', file], env)).stderr).toContain(
      'already exists',
    );

    let sent = '';
    rag.onRaw('/v1/import', (text, response) => {
      sent = text;
      json(response, 200, { collection: collection('b', ['/b']), vectors: 1, notes: ['a note'] });
    });
    const words = ['knowledge', 'import', file, '--name', 'b', '--root', rag.folder];
    const ran = await nanite.run(words, env);
    expect(ran.stdout).toContain('b: 2 files, 7 passages');
    expect(ran.stdout).toContain('a note\n');
    expect(
      sent
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ ...header, name: 'b', roots: [rag.folder] }, vector]);
    const tooMany = await nanite.run([...words, '--root', '/c'], env);
    expect(tooMany).toMatchObject({ status: 2 });
  });

  it('says that a file is damaged whose end is missing', async () => {
    const file = join(rag.folder, 'cut');
    const header = {
      format: 'nanite-knowledge',
      version: 1,
      name: 'p',
      roots: ['/a'],
      include: [],
      exclude: [],
    };
    const whole = `${JSON.stringify({ ...header, gitignore: true, model: 'm', components: 0 })}\n${'x'.repeat(99)}`;
    const packed = gzipSync(Array.from({ length: 2000 }, () => whole).join('\n'));
    writeFileSync(file, packed.subarray(0, packed.length - 40));
    rag.onRaw('/v1/import', () => {});
    const ran = await nanite.run(['knowledge', 'import', file], env);
    expect(ran.stderr).toContain('damaged');
    expect(ran.status).toBe(2);
  });

  it.each(['no gzip', ''])('refuses to import %j', async (text) => {
    const file = join(rag.folder, 'x');
    writeFileSync(file, text);
    const ran = await nanite.run(['knowledge', 'import', file], env);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('is not an exported collection');
  });

  it('forgets, pauses and resumes', async () => {
    put('papers');
    expect((await nanite.run(['knowledge', 'remove', 'papers'], env)).stdout).toContain('its files stay');
    await nanite.run(['knowledge', 'pause', 'papers'], env);
    await nanite.run(['knowledge', 'resume', 'papers'], env);
    expect(rag.asked.map(({ method, body }) => [method, body])).toEqual([
      ['DELETE', {}],
      ['PUT', { paused: true }],
      ['PUT', { paused: false }],
    ]);
  });
});

describe('what a team shares', () => {
  let team: FakeGateway;
  let shared: Record<string, string>;
  const hit = (scope: string | undefined, path: string, score: number) => ({
    passage: { ...passage(1, path), ...(scope && { scope }) },
    score,
    ranks: { sparse: 1, dense: null, name: null },
    duplicates: [],
  });
  const found = (...hits: unknown[]) => ({ hits, notes: [], milliseconds: 1 });

  beforeEach(async () => {
    team = await new FakeGateway({}, 'rag-team').start();
    shared = { ...env, NANITE_RUNTIME_DIR: team.folder };
  });
  afterEach(() => team.stop());

  it('is searched by the person’s own service, and marked', async () => {
    rag.on('/v1/search', (_asked, response) =>
      json(response, 200, found(hit('team', '/srv/a.md', 0.9), hit('own', '/n/b.md', 0.5))),
    );
    const { stdout } = await nanite.run(['search', 'ports'], shared);
    expect(stdout).toMatch(/1 {2}\/srv\/a\.md, lines 3 to 9 {2}90 % {2}team\n/);
    expect(stdout).toMatch(/2 {2}\/n\/b\.md, lines 3 to 9 {2}50 %\n/);
    expect(rag.asked[0]?.body).not.toHaveProperty('scope');
    await nanite.run(['search', '--own', 'ports'], shared);
    expect(rag.asked[1]?.body).toMatchObject({ scope: 'own' });
    expect(team.asked).toEqual([]);
  });

  it('is asked for directly with --team, and where the person has no service', async () => {
    team.on('/v1/search', (_asked, response) => json(response, 200, found(hit(undefined, '/srv/a.md', 0.9))));
    await nanite.run(['search', '--team', 'ports'], shared);
    expect(team.asked[0]?.body).toMatchObject({ scope: 'team' });
    await nanite.run(['search', 'ports'], { ...shared, NANITE_RAG_SOCKET: '/nowhere' });
    expect(team.asked).toHaveLength(2);
    expect(rag.asked).toEqual([]);
    expect((await nanite.run(['search', '--team', '--own', 'x'], shared)).status).toBe(2);
  });

  it('is answered from', async () => {
    team.on('/v1/ask', (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const events = [{ event: 'found', passages: [], notes: [] }, source, sentence, done];
      response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    });
    const { stdout } = await nanite.run(['ask', '--team', 'Which port?'], shared);
    expect(stdout).toContain('It listens on port 11434. [1]');
    expect(team.asked[0]?.body).toMatchObject({ scope: 'team' });
  });

  it('is listed below one’s own, and looked after with --team', async () => {
    const status = (name: string, root: string) => ({
      collections: [collection(name, [root])],
      dense: { down: null, model: 'bge-small' },
      rerank: { model: null },
      watch: { folders: 1, degraded: null },
    });
    rag.on('/v1/status', (_asked, response) => json(response, 200, status('notes', '/n')));
    team.on('/v1/status', (_asked, response) => json(response, 200, status('handbook', '/srv/handbook')));
    const { stdout } = await nanite.run(['knowledge'], shared);
    expect(stdout).toMatch(/notes[^]*Shared on this machine[^]*handbook/);
    expect((await nanite.run(['knowledge', 'list', '--team'], shared)).stdout).not.toContain('notes');
    const { team: theirs } = JSON.parse(
      (await nanite.run(['knowledge', 'list', '--json'], shared)).stdout,
    ) as { team: { collections: Array<{ name: string }> } };
    expect(theirs.collections[0]?.name).toBe('handbook');
  });

  it('says who may change it', async () => {
    team.on('/v1/collections', (_asked, response) => json(response, 200, { collections: [] }));
    team.on('/v1/collections/handbook', (_asked, response) =>
      json(response, 403, { error: { code: 'not-authorised', message: 'you may not', hint: 'ask root' } }),
    );
    const folder = join(team.folder, 'handbook');
    mkdirSync(folder);
    const ran = await nanite.run(['knowledge', 'add', '--team', folder], shared);
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toMatch(/you may not[^]*ask root/);
  });

  it('is said to be absent where it is', async () => {
    const ran = await nanite.run(['knowledge', 'list', '--team'], env);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toMatch(/nanite-rag/);
  });
});
