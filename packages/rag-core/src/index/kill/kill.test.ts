import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '@nanite/test-programs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createExtractor, type Extractor } from '../../extract';
import { buildExtractProgram } from '../../extract/testing';
import type { WorkerPaths } from '../../extract/worker';
import { openDatabase, type Database } from '../../store';
import { TestIndex } from '../testing';

/**
 * Kill a process that indexes with what is shipped, at random moments, start again, and compare with an index made in one
 * go. `NANITE_KILLS=1000` does more; on a busy machine with `NANITE_KILL_SPAN` of more milliseconds.
 */
const kills = Number(process.env['NANITE_KILLS'] ?? 25);
const manyFiles = 60;
/** Milliseconds after its begin in which a run is killed: a run to the end takes most of them on two quiet cores. */
const span = Number(process.env['NANITE_KILL_SPAN'] ?? 900);
const endings = ['txt', 'md', 'html', 'py'];
const words = ['apple', 'pear', 'plum', 'quince', 'melon', 'cherry', 'date', 'fig', 'grape', 'lime'];
let folder: string;
let files: string;
let program: string;
let paths: WorkerPaths;
let extractor: Extractor;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-kill-'));
  files = join(folder, 'files');
  mkdirSync(files);
  const victim = join(import.meta.dirname, 'victim.ts');
  program = await bundleProgram(victim, folder, 'victim', { standsIn: import.meta.filename });
  paths = await buildExtractProgram();
  extractor = createExtractor(paths);
});
afterAll(async () => {
  await extractor.close();
  rmSync(folder, { recursive: true, force: true });
});

const random = (below: number) => Math.floor(Math.random() * below);
const someText = () =>
  Array.from({ length: 1 + random(8) }, () =>
    Array.from({ length: 1 + random(200) }, () => words[random(words.length)]).join(' '),
  ).join('\n\n');

/** Write, change, rename and delete files, as people do between two starts. */
function stir(): void {
  for (let at = 0; at < manyFiles; at++) {
    const inside = join(files, `folder${at % 7}`);
    const path = join(inside, `file${at}.${endings[at % endings.length]}`);
    mkdirSync(inside, { recursive: true });
    switch (random(6)) {
      case 0:
        rmSync(path, { force: true });
        break;
      case 1:
        rmSync(join(inside, `renamed${at}.txt`), { force: true });
        try {
          renameSync(path, join(inside, `renamed${at}.txt`));
        } catch (error) {
          // It was deleted before.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
        break;
      case 2:
        writeFileSync(join(inside, `broken${at}.docx`), `PK\u0003\u0004 broken ${random(3)}`);
        break;
      default:
        writeFileSync(path, someText());
    }
  }
}

/** Index until the kill. */
async function killed(index: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [program, index, files, paths.program, paths.grammars], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (part) => (errors += String(part)));
  child.stdout.on('data', () => (timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs)));
  const ended = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...how) => resolve(how)),
  );
  expect(ended, errors).toEqual([null, 'SIGKILL']);
}

/** All that the index says, without ids and times of indexing. */
async function contentOf(database: Database): Promise<unknown> {
  const rows = await database.all<{ path: Buffer; id: number }>(
    `SELECT id, path, folder, identity, ctime, size, modified, hash, type, title, state, reason_code, reason, warnings
       FROM files ORDER BY path`,
  );
  const chunks = await database.all<{ file: number; ordinal: number }>(
    'SELECT file, ordinal, text, headings, place, kind, hash, vector FROM chunks ORDER BY file, ordinal',
  );
  const found: Record<string, string[]> = {};
  for (const word of words) {
    const hits = await database.all<{ path: Buffer; ordinal: number }>(
      `SELECT path, ordinal FROM chunks_fts JOIN chunks ON chunks.id = chunks_fts.rowid
         JOIN files ON files.id = chunks.file WHERE chunks_fts MATCH ? ORDER BY path, ordinal`,
      word,
    );
    found[word] = hits.map(({ path, ordinal }) => `${path} ${ordinal}`);
  }
  const names = await database.all<{ path: Buffer }>(
    `SELECT path FROM names_fts JOIN files ON files.id = names_fts.rowid WHERE names_fts MATCH 'file' ORDER BY path`,
  );
  const counted = await database.get(
    `SELECT (SELECT count(*) FROM chunks_fts_docsize) AS words, (SELECT count(*) FROM names_fts_docsize) AS names,
       (SELECT count(*) FROM chunks WHERE file NOT IN (SELECT id FROM files)) AS orphans`,
  );
  return {
    files: rows.map(({ id, path, ...row }) => ({
      ...row,
      path: path.toString(),
      chunks: chunks.filter(({ file }) => file === id).map((chunk) => ({ ...chunk, file: 0 })),
    })),
    found,
    names: names.map(({ path }) => path.toString()),
    counted,
  };
}

/** Index to the end, and say what came of it. */
async function finished(index: TestIndex): Promise<unknown> {
  await index.open({ extractor });
  await index.put('victim');
  await index.settled();
  const content = await contentOf(index.database);
  await index.close();
  return content;
}

it(
  `has the index of a run in one go, killed ${kills} times`,
  { timeout: 60_000 + kills * 10_000 },
  async () => {
    const survivor = new TestIndex(files);
    let cutShort = 0;
    for (let round = 0; round < kills; round++) {
      stir();
      await killed(survivor.folder, random(span));
      const clean = new TestIndex(files);
      const expected = await finished(clean);
      clean.remove();
      const { database, setAside } = await openDatabase(join(survivor.folder, 'index.db'));
      expect(setAside, `round ${round}`).toBeNull();
      if (JSON.stringify(await contentOf(database)) !== JSON.stringify(expected)) cutShort += 1;
      await database.close();
      expect(await finished(survivor), `round ${round}`).toEqual(expected);
    }
    survivor.remove();
    console.log(`${kills} kills, ${cutShort} before the index was complete`);
    expect(cutShort).toBeGreaterThan(kills / 4);
  },
);
