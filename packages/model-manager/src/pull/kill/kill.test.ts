import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Store } from '../../store';
import { follow, shaOf, victim, type State } from './harness';

/**
 * Kill a process that changes a store, at random moments, and look at what it left. `NANITE_KILLS=1000` does more.
 *
 * SIGKILL loses nothing that was written: what a power cut does is in power-cut.test.ts.
 */
const kills = Number(process.env['NANITE_KILLS'] ?? 100);
let folder: string;

beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nanite-kill-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the victim said, until it was killed so long after it had said so many lines: slow machines are killed as well. */
async function killed(
  program: string,
  root: string,
  seed: number,
  { afterLines, afterMs }: { afterLines: number; afterMs: number },
): Promise<string[]> {
  const child = spawn(process.execPath, [program, root, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (part) => (errors += String(part)));
  child.stdout.on('data', (part) => {
    out += String(part);
    if (out.split('\n').length > afterLines) timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...ended) => resolve(ended)),
  );
  expect([code, signal], errors).toEqual([null, 'SIGKILL']);
  return out.split('\n').slice(0, -1);
}

/** Kill a victim many times, and look after each at what it left. Throws where a promise was broken. */
async function killAgainAndAgain(program: string, root: string, times: number) {
  const known = new Map<string, State>();
  let acknowledged = 0;
  let cutShort = 0;
  for (let round = 0; round < times; round++) {
    const seed = round + 1;
    const lines = await killed(program, root, seed, {
      afterLines: Math.floor(Math.random() * 40),
      afterMs: Math.random() * 10,
    });
    const uncertain = follow(known, lines);
    acknowledged += lines.filter((line) => /^(is|gone) /.test(line)).length;
    cutShort += uncertain.size > 0 ? 1 : 0;
    expect(lines.filter((line) => line.includes('LIE'))).toEqual([]);
    const store = Store.open({
      root,
      packages: '/nonexistent',
      quotaBytes: null,
      reserveBytes: 0,
      log: createLog((line) => {
        throw new Error(`round ${seed}: ${line}`);
      }),
    });
    const found = new Map(store.list().map((model) => [model.manifest.name, model]));
    for (const [name, digest] of known) {
      const now = found.get(name)?.manifest.files[0]?.sha256 ?? null;
      if (!uncertain.has(name)) expect(now, `round ${seed}, ${name}`).toBe(digest);
      else if (digest !== null && uncertain.get(name) === false)
        expect(now, `round ${seed}, ${name} vanished in a change`).not.toBeNull();
    }
    for (const name of found.keys()) {
      if (!uncertain.has(name)) expect(known.get(name), `round ${seed}, ${name} came back`).toBeTruthy();
    }
    // Everything that an engine could open is what its manifest says.
    for (const model of found.values()) {
      expect(model.missing, `round ${seed}`).toEqual([]);
      for (const file of model.manifest.files) {
        expect(shaOf(join(model.path, file.path)), `round ${seed}`).toBe(file.sha256);
      }
    }
    for (const digest of store.blobs.list()) expect(shaOf(store.blobs.path(digest))).toBe(digest);
    // The next round knows what this one left.
    for (const name of uncertain.keys()) known.set(name, found.get(name)?.manifest.files[0]?.sha256 ?? null);
    expect(readdirSync(root).filter((name) => /^\.(new|gone)-/.test(name))).toEqual([]);
    store.close();
  }
  return { acknowledged, cutShort };
}

it(
  `loses no acknowledged model and serves no unverified blob, killed ${kills} times`,
  { timeout: 60_000 + kills * 1_500 },
  async () => {
    const program = await victim(folder, 'whole', null);
    const { acknowledged, cutShort } = await killAgainAndAgain(program, join(folder, 'whole'), kills);
    console.log(
      `${kills} kills, ${cutShort} in the middle of a change, ${acknowledged} changes acknowledged`,
    );
    expect(cutShort).toBeGreaterThan(kills / 4);
    expect(acknowledged).toBeGreaterThan(kills);
  },
);

/**
 * The same kills find what they are for, where the store is broken on purpose. The first of these faults shows for a moment in each
 * change: a slow machine meets it once in about a hundred kills, so they go on until they find it.
 */
it.each([
  [
    'models are made in their place',
    {
      file: 'store/transaction.ts',
      changes: [
        [
          '  const draft = layout.draft();',
          '  const draft = at; rmSync(at, { recursive: true, force: true }); mkdirSync(dirname(at), { recursive: true });',
        ],
        ['    if (existsSync(at)) exchange(draft, at);\n    else renameSync(draft, at);\n', ''],
        ['    rmSync(draft, { recursive: true, force: true });\n', ''],
      ],
    },
    /no usable model|vanished/,
  ],
  [
    'a removal is acknowledged before it is done',
    {
      file: 'store/transaction.ts',
      changes: [
        [
          '  renameSync(path, gone);\n',
          '  setTimeout(() => rmSync(path, { recursive: true, force: true }), 30);\n  void gone;\n',
        ],
        ['  rmSync(gone, { recursive: true, force: true });\n', ''],
      ],
    },
    /came back|expected/,
  ],
  [
    'nobody compares bytes with their digest',
    {
      file: 'pull/fetches.ts',
      changes: [['if (sha256 !== null && fetched.sha256 !== sha256) {', 'if (sha256 === key) {']],
    },
    /LIE/,
  ],
] as const)('finds the fault where %s', { timeout: 900_000 }, async (name, sabotage, fault) => {
  const program = await victim(folder, name, sabotage);
  await expect(killAgainAndAgain(program, join(folder, name), 2_000)).rejects.toThrow(fault);
});
