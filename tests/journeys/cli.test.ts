import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * A person gets to know the command line: first without the services, then with them. Chapters of one story, in order on one
 * machine.
 */
const person = 'grace';
const model = 'nanite-model-smollm2-135m-instruct';
let machine: Machine;

beforeAll(async () => {
  machine = await Machine.withPackages('cli', ['nanite-cli', 'passwd']);
  await machine.run(`/usr/sbin/useradd --create-home ${person}`);
});
afterAll(() => machine?.stop());

const nanite = (words: string, input = '') =>
  machine.run(`nanite ${words}`, { user: person, input, check: false });

test('installed alone, it says what is missing and ends with 4', async () => {
  const { code, stdout, stderr } = await nanite('ask hello');
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toContain('nothing answers on /run/nanite/gateway.sock');
  expect(stderr).toContain('apt install nanite-server');
});

test('with the services it answers, in a pipe, with nothing but the answer', async () => {
  await machine.install(['nanite-gateway', 'nanite-llama', 'nanite-gpu-detect', model]);
  const { code, stdout, stderr } = await nanite(
    'ask --temperature 0 --max-tokens 40 "When was it built?"',
    'The lighthouse of Smalltown was built in 1871.\n',
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // What a model of this size answers is its own affair; that it was given the text is a unit test.
  expect(stdout.trim()).not.toBe('');
});

test('gives programs what they need', async () => {
  const { stdout } = await nanite('ask --json --max-tokens 10 --seed 1 hello');
  expect(JSON.parse(stdout)).toMatchObject({ tokens: { answer: expect.any(Number) as number } });
  const schema = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}';
  const structured = await nanite(`ask --temperature 0 --schema '${schema}' "Where is the Louvre?"`);
  expect(structured.code).toBe(0);
  expect(typeof (JSON.parse(structured.stdout) as { city: unknown }).city).toBe('string');
});

test('an unknown model ends with 3, a prompt that is too long says so', async () => {
  expect((await nanite('ask -m smolm2:135m hello')).code).toBe(3);
  const long = await nanite('ask "What is this?"', 'word '.repeat(30_000));
  expect(long.code).toBe(1);
  expect(long.stderr).toContain('takes at most');
});

test('on a terminal, Ctrl-C stops the answer and not the conversation', async () => {
  // `exec`: a shell in between would take Ctrl-C for its own end.
  // Typed as a person would: not before the screen shows that it is time.
  const seen = (text: string) =>
    `i=0; until grep -qF '${text}' /tmp/screen; do sleep 0.2; i=$((i + 1)); [ $i -lt 300 ] || exit 1; done; sleep 0.3; `;
  const keys = [
    seen('>>> '),
    "printf 'Write a very long story about a lighthouse and the sea.\\r'; ",
    seen('[?2004l'),
    "printf '\\003'; ",
    seen('(stopped)'),
    "printf '/model\\r'; ",
    seen('model: '),
    "printf '\\004'",
  ].join('');
  const { code, stdout } = await machine.run(
    `rm -f /tmp/screen; touch /tmp/screen; (${keys}) | script -qefc 'exec nanite chat' /tmp/screen`,
    { user: person, check: false },
  );
  expect(code).toBe(0);
  expect(stdout).toContain('(stopped)');
  expect(stdout.slice(stdout.indexOf('(stopped)'))).toContain('model: smollm2:135m');
  // What the terminal had before is what it has afterwards: bracketed paste is off again.
  expect(stdout.lastIndexOf('\u001b[?2004l')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?2004h'));
});

test('shows what runs', async () => {
  const { stdout } = await nanite('status');
  expect(stdout).toMatch(/gateway +answers/);
  expect(stdout).toMatch(/engine +answers/);
  expect((await nanite('models')).stdout).toContain('smollm2:135m');
  expect((await nanite('models ps')).stdout).toContain('smollm2:135m');
  expect(JSON.parse((await nanite('gpu --json')).stdout)).toMatchObject({ schema: 1 });
  expect((await nanite('models stop smollm2:135m')).code).toBe(0);
  expect((await nanite('models ps')).stdout).toContain('No model is in memory');
});

test("changes a person's settings for the person, the machine's for root only", async () => {
  expect((await nanite('config set cli.temperature 0')).code).toBe(0);
  expect((await nanite('config list cli')).stdout).toMatch(
    new RegExp(`cli\\.temperature +0 +/home/${person}/\\.config/nanite/config\\.yaml:2`),
  );
  const refused = await nanite('config set --system gateway.keepAlive 1h');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('sudo');
  // Positive control: the same as root.
  await machine.run('nanite config set --system gateway.keepAlive 1h');
  expect((await nanite('config get gateway.keepAlive')).stdout).toBe('1h\n');
});

test('says what a person did wrong in their words, and what to do', async () => {
  const shadow = await nanite('knowledge add /etc/shadow');
  expect(shadow.code).toBe(2);
  expect(shadow.stderr).toContain('/etc/shadow cannot be added: permission denied');
  const typo = await nanite('models pul x');
  expect(typo.code).toBe(2);
  expect(typo.stderr).toContain('did you mean: nanite models pull x');
  expect((await nanite('list')).stdout).toContain('smollm2:135m');
  const all = [await nanite('ask -f nofile x'), await nanite('ask --schema nofile x'), shadow, typo];
  for (const { stderr } of all) expect(stderr).not.toMatch(/ENOENT|EACCES|errno|error:/);
});

test('names units that have failed, and how to see why', async () => {
  await machine.run(
    'printf "[Service]\\nType=oneshot\\nExecStart=/bin/false\\n" >/run/systemd/system/nanite-broken.service && ' +
      'systemctl daemon-reload; systemctl start nanite-broken',
    { check: false },
  );
  const { stdout } = await nanite('status');
  expect(stdout).toContain('nanite-broken.service has failed');
  expect(stdout).toContain('journalctl -b -u nanite-broken.service');
  await machine.run('systemctl reset-failed nanite-broken; rm /run/systemd/system/nanite-broken.service');
  expect((await nanite('status')).stdout).not.toContain('has failed');
});

test('finds commands of other packages', async () => {
  const descriptor = { schema: 1, name: 'hello', summary: 'greet', exec: ['/bin/echo', 'hello from'] };
  await machine.run(
    'mkdir -p /usr/share/nanite/commands && cat >/usr/share/nanite/commands/hello.json && chmod -R a+rX /usr/share/nanite/commands',
    { input: JSON.stringify(descriptor) },
  );
  expect((await nanite('hello a package')).stdout).toBe('hello from a package\n');
  expect((await nanite('help')).stdout).toMatch(/hello +greet/);
});
