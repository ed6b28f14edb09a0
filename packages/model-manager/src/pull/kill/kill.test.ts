import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Store } from '../../store';

/**
 * Kill a process that changes a store, at random moments, and look at what it left. `NANITE_KILLS=1000` does more.
 *
 * SIGKILL loses nothing that was written; that the disk's order holds at a power cut is what the syncs before each rename
 * are for, and is not shown by this.
 */
const kills = Number(process.env['NANITE_KILLS'] ?? 100);
let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-kill-'));
  program = join(folder, 'victim.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'victim.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: program,
    external: ['koffi'],
    banner: {
      js: `import { createRequire as r } from 'node:module'; const require = r(${JSON.stringify(import.meta.url)});`,
    },
    // koffi is found from the source, not from the temporary folder.
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
    logLevel: 'error',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type State = string | null;
const shaOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What the victim said, until it was killed `afterMs` after it began to work. */
async function killed(root: string, seed: number, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, root, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (part) => (errors += String(part)));
  child.stdout.on('data', (part) => {
    out += String(part);
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...ended) => resolve(ended)),
  );
  expect([code, signal], errors).toEqual([null, 'SIGKILL']);
  return out.split('\n').slice(0, -1);
}

/** Follow what was said: a name that was begun and not acknowledged may have its old state or the one intended. */
function follow(known: Map<string, State>, lines: string[]): Set<string> {
  const uncertain = new Set<string>();
  for (const line of lines) {
    const [what, name = '', digest = ''] = line.split(' ');
    if (what === 'begin') uncertain.add(name);
    if (what === 'is') known.set(name, digest);
    if (what === 'gone') known.set(name, null);
    if (what === 'is' || what === 'gone') uncertain.delete(name);
  }
  return uncertain;
}

it(
  `loses no acknowledged model and serves no unverified blob, killed ${kills} times`,
  { timeout: 60_000 + kills * 1_500 },
  async () => {
    const root = join(folder, 'store');
    const known = new Map<string, State>();
    let acknowledged = 0;
    let cutShort = 0;
    for (let round = 0; round < kills; round++) {
      const seed = round + 1;
      const lines = await killed(root, seed, Math.random() * 120);
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
      for (const name of uncertain) known.set(name, found.get(name)?.manifest.files[0]?.sha256 ?? null);
      expect(readdirSync(root).filter((name) => /^\.(new|gone)-/.test(name))).toEqual([]);
      store.close();
    }
    console.log(
      `${kills} kills, ${cutShort} in the middle of a change, ${acknowledged} changes acknowledged`,
    );
    expect(cutShort).toBeGreaterThan(kills / 4);
    expect(acknowledged).toBeGreaterThan(kills);
  },
);
