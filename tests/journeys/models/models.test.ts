import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../../harness';

/**
 * A person and the models of a machine, from the first pull to the last file removed; what they see is on a terminal of 80
 * columns. bob is in the group nanite, ada is not. Chapters of one story, in order on one machine; the source is Debian's
 * docker-registry, the weights are SmolLM2's.
 */
const packaged = '/usr/share/nanite/models/smollm2-135m-instruct-q4-1/model.gguf';
const reference = '127.0.0.1:5000/library/tiny:1';
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('models-journey', [
    ...[
      'nanite-cli',
      'nanite-models',
      'nanite-model-catalog',
      'nanite-gateway',
      'nanite-engine',
      'nanite-llama',
    ],
    ...['nanite-gpu-detect', 'nanite-model-smollm2-135m-instruct', 'docker-registry', 'passwd'],
  ]);
  machine.copy(import.meta.dirname, '/srv');
  await machine.run(
    'useradd --create-home ada; useradd --create-home bob; usermod --append --groups nanite bob; ' +
      // Debian's own configuration asks for a password.
      'systemctl stop docker-registry; cat >/srv/registry.yml; ' +
      'systemd-run --quiet --unit=registry docker-registry serve /srv/registry.yml; ' +
      'for i in $(seq 50); do node -e "fetch(\'http://127.0.0.1:5000/v2/\').catch(() => process.exit(1))" && break; sleep 0.2; done',
    {
      input:
        'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n' +
        'storage: {filesystem: {rootdirectory: /srv/registry}}\nhttp: {addr: "127.0.0.1:5000"}\n',
    },
  );
  await push(packaged, 'tiny', '1');
  await push(packaged, 'up', 'latest');
});
afterAll(() => machine?.stop());

const push = (file: string, name: string, tag: string) =>
  machine.run(`node /srv/models/push.mjs ${file} library/${name} ${tag}`);

interface Screen {
  code: number;
  /** What the terminal shows in the end: colours taken away, lines that were written over gone. */
  text: string;
  /** Lines that were written over too. */
  all: string[];
}

/** `nanite models …` on a terminal of 80 columns. */
async function seen(user: string, words: string): Promise<Screen> {
  const { code, stdout } = await machine.run(
    ['script', '-qec', `stty cols 80 rows 24; exec nanite models ${words}`, '/dev/null'],
    { user, check: false, timeout: 240_000 },
  );
  const plain = stdout.replaceAll('\r\n', '\n').replaceAll(/\u001b\[[\d;]*m/g, '');
  const all = plain.split(/\n|\r\u001b\[J/);
  const text = plain.replaceAll(/[^\n]*\r\u001b\[J/g, '');
  return { code, text, all };
}

/** The same, and what makes a screen hard to read is an error. */
async function read(user: string, words: string): Promise<Screen> {
  const screen = await seen(user, words);
  const wide = screen.all.filter((line) => [...line].length > 80);
  expect(wide, `wider than the terminal: nanite models ${words}`).toEqual([]);
  // Digests in full, ids of folders for names, and numbers of users mean nothing to a person.
  expect(screen.text).not.toMatch(
    /[0-9a-f]{40}|127\.0\.0\.1-5000|\buser \d+|\b1 (files|models)\b|undefined|NaN|\[object/,
  );
  return screen;
}
const json = async (user: string, words: string): Promise<unknown> => {
  const { stdout } = await machine.run(`nanite models ${words} --json`, { user, timeout: 240_000 });
  return JSON.parse(
    stdout.trim().split('\n').at(-1)!.startsWith('{') ? stdout.trim().split('\n').at(-1)! : stdout,
  );
};
const names = async (): Promise<string[]> =>
  ((await json('ada', 'list')) as { models: Array<{ name: string }> }).models.map(({ name }) => name);

test('finds what there is, and whether it would run', async () => {
  const search = await read('bob', 'search qwen code');
  expect(search.text).toMatch(/^NAME +SIZE +MEMORY +RUNS HERE +GOOD FOR$/m);
  expect(search.text).toContain('nanite models pull');
  const fit = await read('bob', 'fit llama3.1:70b');
  expect(fit.text).toMatch(/^llama3.1:70b\n/);
  expect(fit).toMatchObject({ code: 3, text: expect.stringContaining('needs') });
  const runs = await read('bob', `fit ${reference} --insecure`);
  expect(runs).toMatchObject({ code: 0, text: expect.stringContaining(`nanite models pull ${reference}`) });
});

test('pulls one, with its progress in one line, and asks it', async () => {
  const refused = await read('bob', `pull ${reference}`);
  expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('--insecure') });
  const pulled = await read('bob', `pull --insecure ${reference}`);
  expect(pulled.code).toBe(0);
  expect(pulled.all.filter((line) => /^pulling \w+ +\d+ %/.test(line)).length).toBeGreaterThan(0);
  expect(pulled.text).toMatch(/^pulling [0-9a-f]{12} +94 MiB$/m);
  expect(pulled.text).toContain(`nanite ask -m ${reference}`);
  const list = await read('ada', 'list');
  expect(list.text).toMatch(new RegExp(`^${reference} +94 MiB +134.52M Q4_1 `, 'm'));
  const answer = await machine.run(`nanite ask -m ${reference} --max-tokens 16 hello`, { user: 'ada' });
  expect(answer.stdout).toMatch(/\w/);
});

test('shows what it is, what it was made from, and under which terms', async () => {
  await machine.run('cat >/srv/Modelfile', {
    input: `FROM ${reference}\nSYSTEM You talk like a pirate.\nPARAMETER num_predict 20\nLICENSE """THE LICENCE OF PIRATES"""\n`,
  });
  expect((await read('bob', 'create pirate -f /srv/Modelfile')).text).toContain('nanite ask -m pirate');
  expect((await read('bob', `cp ${reference} second`)).text).toContain('second:latest');
  const shown = await read('ada', 'show pirate');
  expect(shown.text).toMatch(new RegExp(`^made from +${reference}$`, 'm'));
  expect(shown.text).toMatch(/num_predict +20/);
  expect(shown.text).toContain('You talk like a pirate.');
  expect((await read('ada', 'show pirate --licence')).text).toBe('THE LICENCE OF PIRATES\n');
  expect((await read('ada', `show ${reference} --licence`)).text).toBe('THE LICENCE OF TINY\n');
  expect((await read('ada', 'show pirate --modelfile')).text).toContain(`FROM ${reference}`);
  expect(await json('ada', 'show pirate')).toMatchObject({ stored: { record: { lineage: [reference] } } });
});

test('keeps what is pinned', async () => {
  expect((await read('bob', 'pin second')).text).toContain('is pinned');
  const refused = await read('bob', 'rm second');
  expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('nanite models unpin second') });
  await read('bob', 'unpin second');
});

test('without rights one may look and ask, and is told whom to ask for more', async () => {
  const verbs = [
    `pull --insecure ${reference}`,
    'rm second',
    'update second',
    'gc',
    'pin second',
    'cp second x',
  ];
  for (const words of verbs) {
    const refused = await read('ada', words);
    expect(refused.code, words).toBe(1);
    expect(refused.text).toContain('not allowed to change the models');
    expect(refused.text).toContain('sudo adduser ada nanite');
  }
  expect(await names()).toContain('second:latest');
});

test('finds damage, and mends it from where the file came', async () => {
  const damage =
    'printf x | dd of=$(ls /var/lib/nanite/models/blobs/*) bs=1 seek=5000000 conv=notrunc status=none';
  await machine.run(damage);
  const found = await read('bob', 'verify --no-repair');
  expect(found).toMatchObject({ code: 1, text: expect.stringMatching(/is damaged, of [^]*pirate/) });
  expect((await read('bob', 'list')).text).toMatch(/pirate:latest .* damaged/);
  // It was made here: that the one it was made from has a source is enough.
  const repaired = await read('bob', 'verify pirate');
  expect(repaired).toMatchObject({ code: 0, text: expect.stringContaining('1 damaged, and repaired') });
  expect((await read('bob', 'verify')).text).toContain('nothing is damaged');
  expect((await read('bob', 'list')).text).not.toContain('damaged');
});

test('carries models to a machine without a network', async () => {
  const home = await read('bob', 'export pirate --to ~/stick');
  expect(home).toMatchObject({ code: 1, text: expect.stringContaining('is the stick mounted?') });
  await machine.run('mkdir ~/stick ~/empty', { user: 'bob' });
  expect((await read('bob', 'export pirate second --to ~/stick')).code).toBe(0);
  await read('bob', 'rm pirate second');
  expect(await names()).not.toContain('pirate:latest');
  expect((await read('bob', 'import ~/stick --dry-run')).text).toContain('pirate');
  expect((await read('bob', 'import ~/stick')).code).toBe(0);
  expect(await names()).toEqual(expect.arrayContaining(['pirate:latest', 'second:latest']));
  expect((await read('bob', 'import ~/empty')).text).toContain('No models found');
});

describe('an update', () => {
  beforeAll(async () => {
    await machine.run(
      `/usr/lib/nanite/llama/llama-quantize --allow-requantize ${packaged} /srv/good.gguf Q8_0 2 && ` +
        `node /srv/models/spoil.mjs ${packaged} /srv/rubbish.gguf rubbish && ` +
        `node /srv/models/spoil.mjs ${packaged} /srv/unknown.gguf unknown`,
    );
  });
  const quantisation = async () => {
    const { stored } = (await json('ada', 'show up')) as { stored: { manifest: { quantisation: string } } };
    return stored.manifest.quantisation;
  };

  test('to a good one is tried, made current, and taken back', async () => {
    await read('bob', 'pull --insecure --name up 127.0.0.1:5000/library/up:latest');
    expect((await read('bob', 'update up')).text).toContain('is what its source has');
    await push('/srv/good.gguf', 'up', 'latest');
    expect((await read('bob', 'update')).text).toMatch(/^up:latest +yes +138 MiB/m);
    // Larger, so slower: whether that is too slow depends on what else this machine does.
    const updated = await read('bob', 'update up --yes');
    expect(updated.text).toMatch(/^right answers +[3-6] of 6 +[3-6] of 6$/m);
    expect(updated.text).toMatch(/^speed +\d+ tokens\/s +\d+ tokens\/s$/m);
    expect(updated).toMatchObject({ code: 0, text: expect.stringContaining('up:latest --back') });
    expect(await quantisation()).toBe('Q8_0');
    expect((await read('bob', 'ps')).text).not.toContain('staged');
    expect((await read('bob', 'update up --back')).code).toBe(0);
    expect(await quantisation()).toBe('Q4_1');
  });

  test.each([
    ['says nonsense', 'rubbish', /it answers|it says|right/],
    ['does not load', 'unknown', /tensor|shape|key|missing/],
  ])('to one that %s leaves the current one', async (_what, file, why) => {
    await push(`/srv/${file}.gguf`, 'up', 'latest');
    const refused = await read('bob', 'update up --yes');
    expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('up:latest stays as it is') });
    expect(refused.text).toMatch(why);
    expect(await quantisation()).toBe('Q4_1');
    const answer = await machine.run('nanite ask -m up --max-tokens 8 "What is the capital of France?"', {
      user: 'ada',
    });
    expect(answer.stdout).toMatch(/\w/);
    expect(await names()).not.toContain('up:latest--staged');
  });
});

test('weights are made smaller, where that loses nothing twice', async () => {
  await machine.run('cat >/srv/Quantised', { input: 'FROM smollm2:135m\n' });
  const refused = await read('bob', 'create wide --quantize f16 -f /srv/Quantised');
  expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('quantised already, as Q4_1') });
  const unknown = await read('bob', 'create wide --quantize q9 -f /srv/Quantised');
  expect(unknown).toMatchObject({ code: 1, text: expect.stringContaining('Q4_K_M') });
  const wide = await read('bob', 'create wide --quantize f16 --requantize -f /srv/Quantised');
  expect(wide.all.some((line) => /^quantising to F16 +\d+ %/.test(line))).toBe(true);
  await machine.run('cat >/srv/Quantised', { input: 'FROM wide\n' });
  expect((await read('bob', 'create small --quantize q8_0 -f /srv/Quantised')).code).toBe(0);
  const { models } = (await json('bob', 'list')) as {
    models: Array<{ name: string; size: number; details: { quantization_level: string } }>;
  };
  const made = Object.fromEntries(
    models.map(({ name, size, details }) => [name, { size, type: details.quantization_level }]),
  );
  expect(made).toMatchObject({ 'wide:latest': { type: 'F16' }, 'small:latest': { type: 'Q8_0' } });
  expect(made['small:latest']!.size).toBeLessThan(0.6 * made['wide:latest']!.size);
  const answer = await machine.run(
    'nanite ask -m small -t 0 --max-tokens 12 "What is the capital of France?"',
    {
      user: 'ada',
    },
  );
  expect(answer.stdout).toContain('Paris');
  // What it was made from has its own blob; nothing is left between.
  expect(await json('bob', 'du')).toMatchObject({ unreferencedBytes: 0 });
  await read('bob', 'rm wide small');
});

test('says what takes room, and gives it back', async () => {
  expect((await read('bob', 'du')).text).toMatch(/^NAME +SIZE +RM FREES$/m);
  expect((await read('bob', `rm up pirate second ${reference}`)).text).toMatch(/freed/);
  await read('bob', 'gc');
  expect(await names()).toEqual(['smollm2:135m']);
  expect((await read('bob', 'gc')).text).toContain('Nothing to remove');
  expect(await json('bob', 'du')).toMatchObject({ totalBytes: 0, models: [] });
  const packaged = await read('bob', 'rm smollm2');
  expect(packaged).toMatchObject({ code: 1, text: expect.stringContaining('Debian package') });
});

test('a slip of the hand is answered with what was meant', async () => {
  expect((await read('bob', 'lsit')).text).toContain('did you mean: nanite models list');
  expect((await read('bob', 'show smolm2')).code).toBe(3);
  expect((await read('bob', 'create x -f /srv/none')).text).toContain('there is no file /srv/none');
  expect((await read('bob', 'pull /srv/none.gguf')).text).toContain('/srv/none.gguf is not a file');
});
