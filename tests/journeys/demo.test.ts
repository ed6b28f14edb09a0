import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

/** `make demo`, interrupted by Ctrl-C at each of its steps, and run again to its end. */
const checkout = resolve(import.meta.dirname, '../..');
const target = resolve(checkout, 'tools/target/target');
const repo = 'dist/demo/repo';

interface Ended {
  code: number | null;
  text: string;
}

/** Run the demonstration; Ctrl-C comes `after` milliseconds from when its output holds `at`. */
function demo(at?: string, after = 0): Promise<Ended> {
  // A process group of its own is what the keyboard's Ctrl-C goes to.
  const child = spawn(resolve(checkout, 'tools/demo/demo'), {
    cwd: checkout,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let told = false;
  const read = (chunk: Buffer): void => {
    text += chunk.toString();
    if (told || at === undefined || !text.includes(at)) return;
    told = true;
    setTimeout(() => process.kill(-child.pid!, 'SIGINT'), after);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((done) => child.once('close', (code) => done({ code, text })));
}

const machines = () => execFileSync(target, ['list'], { encoding: 'utf8' }).split('\n');
const nspawns = () =>
  execFileSync('sh', ['-c', 'pgrep -af "[s]ystemd-nspawn.*nanite-demo" || true'], { encoding: 'utf8' });

afterAll(() => void execFileSync(target, ['stop', 'nanite-demo']));

test.each([
  ['building', '2/6', 1500],
  ['publishing', '3/6', 1500],
  ['booting', '4/6', 400],
  ['installing', '5/6', 3000],
])(
  'interrupted while %s, it says so and leaves nothing running',
  async (_, at, after) => {
    const { code, text } = await demo(at, after);
    expect(code, text).toBe(130);
    expect(text).toContain('run it again to go on');
    expect(machines()).not.toContain('nanite-demo');
    await expect.poll(nspawns, { timeout: 20_000 }).toBe('');
    // A repository is whole, or is not there yet.
    if (!existsSync(resolve(checkout, repo))) return;
    const verify = ['--import', 'tsx', 'tools/apt-repo/src/main.ts', 'verify', '--out', repo];
    execFileSync('node', verify, { cwd: checkout, stdio: ['ignore', 'ignore', 'pipe'] });
  },
  600_000,
);

test('run again, it comes to its end with an answer', async () => {
  const { code, text } = await demo();
  expect(code, text).toBe(0);
  const answer = /\$ nanite ask ".*"\n([^]*?)\n\n/.exec(text)?.[1]?.trim();
  expect(answer).toMatch(/\w/);
  // What stands at the cited lines is what the answer from the documentation quotes.
  const cited = /\$ nanite open file:\/\/\S+#L\d+\S*\n.*\n((?:      \| .*\n)+)/.exec(text)?.[1] ?? '';
  const there = cited.replace(/^ {6}\| /gm, '').replace(/\s+/g, ' ');
  const quotations = [...text.matchAll(/“([^”]+)”/g)].map(([, quote]) => quote!.replace(/\s+/g, ' '));
  expect(
    quotations.some((quote) => there.includes(quote)),
    text,
  ).toBe(true);
  expect(text).toMatch(/\{"name":"get_weather","arguments":\{"city":"Paris/);
  expect(text).toMatch(/Its API was at http:\/\/127\.0\.0\.1:1143[45]/);
  expect(machines()).not.toContain('nanite-demo');
}, 600_000);
