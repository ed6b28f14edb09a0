import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * Files of every kind in the home of a person without privileges, read by the service of that person's session as it is
 * installed: inside the unit's own walls the readers still get theirs.
 */
let machine: Machine;
const userctl = 'XDG_RUNTIME_DIR=/run/user/1001 systemctl --user';
const socket = '/run/user/1001/nanite/rag.sock';

interface PdfDocument {
  pipe(to: NodeJS.WritableStream): void;
  addPage(): PdfDocument;
  fontSize(points: number): PdfDocument;
  text(text: string): PdfDocument;
  image(path: string, x: number, y: number, options: object): PdfDocument;
  end(): void;
}
const require = createRequire(join(import.meta.dirname, '../../packages/rag-core/package.json'));
const Pdf = require('pdfkit') as new (options: object) => PdfDocument;

async function pdf(path: string, draw: (document: PdfDocument) => void): Promise<void> {
  const document = new Pdf({ autoFirstPage: false });
  const out = createWriteStream(path);
  document.pipe(out);
  draw(document.addPage().fontSize(18));
  document.end();
  await finished(out);
}

/** A word for each kind of file that stands in no other. */
const words: Record<string, string> = {
  'a.docx': 'dunlin',
  'a.odt': 'osprey',
  'a.pptx': 'plover',
  'a.epub': 'egret',
  'a.ipynb': 'ibis',
  'a.html': 'hoopoe',
  'a.md': 'merlin',
  'a.csv': 'curlew',
  'a.eml': 'eider',
  'a.py': 'pintail',
  'a.pdf': 'pelican',
  'scan.pdf': 'sandpiper',
  'scan.png': 'nightjar',
};

async function makeFiles(folder: string): Promise<void> {
  for (const [name, word] of Object.entries(words)) {
    if (!/\.(?:docx|odt|pptx|epub|ipynb|html|md)$/.test(name)) continue;
    const input = `# Birds\n\nThe ${word} stands in the reeds.\n`;
    execFileSync('pandoc', ['--standalone', '--metadata=title:Birds', '--from=markdown', '-o', join(folder, name)], { input }); // prettier-ignore
  }
  const write = (name: string, text: string) => execFileSync('tee', [join(folder, name)], { input: text });
  write('a.csv', 'Bird,Legs\ncurlew,two\n');
  write('a.eml', 'From: ada@example.org\r\nSubject: birds\r\n\r\nThe eider swims.\r\n');
  write('a.py', 'def pintail():\n    return 1\n');
  await pdf(join(folder, 'a.pdf'), (page) => page.text('The pelican fishes.'));
  const scratch = mkdtempSync(join(tmpdir(), 'nanite-scan-'));
  const scan = async (word: string): Promise<string> => {
    await pdf(join(scratch, 'one.pdf'), (page) => page.text(`The ${word} waits in the reeds.`));
    execFileSync('pdftoppm', [
      '-png',
      '-r',
      '150',
      '-singlefile',
      join(scratch, 'one.pdf'),
      join(scratch, word),
    ]);
    return join(scratch, `${word}.png`);
  };
  const picture = await scan('sandpiper');
  await pdf(join(folder, 'scan.pdf'), (page) => page.image(picture, 0, 0, { fit: [612, 792] }));
  execFileSync('cp', [await scan('nightjar'), join(folder, 'scan.png')]);
  execFileSync('qpdf', ['--encrypt', 'user', 'owner', '256', '--', join(folder, 'a.pdf'), join(folder, 'locked.pdf')]); // prettier-ignore
}

const ada = async (command: string, input?: string): Promise<string> => {
  const { code, stdout, stderr } = await machine.run(['bash', '-c', `cd ~ || exit; ${command}`], {
    check: false,
    user: 'ada',
    ...(input !== undefined && { input }),
  });
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
  JSON.parse(
    await ada(
      `curl -sS -m 60 -X ${method} ${body === undefined ? '' : '--json @-'} --unix-socket ${socket} 'http://x${path}'`,
      body === undefined ? '' : JSON.stringify(body),
    ),
  ) as T;

interface Collected {
  progress: { state: string; files: { found: number; indexed: number; aside: number } };
}

beforeAll(async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'nanite-files-')), 'files');
  mkdirSync(folder);
  await makeFiles(folder);
  machine = await Machine.withPackages('extraction', [
    'nanite-rag',
    'libpam-systemd',
    'dbus-user-session',
    'curl',
  ]);
  await machine.run(
    'useradd --create-home -u 1001 ada; loginctl enable-linger ada; ' +
      `timeout 30 sh -c "until test -S ${socket}; do sleep 0.1; done"`,
  );
  await ada('mkdir files');
  for (const name of readdirSync(folder)) {
    await ada(`base64 -d >'files/${name}'`, readFileSync(join(folder, name)).toString('base64'));
  }
});
afterAll(() => machine?.stop());

describe('files of every kind', () => {
  test('are read by the service of a person without privileges', async () => {
    await ask('PUT', '/v1/collections/birds', { roots: ['/home/ada/files'] });
    const collected = () => ask<Collected>('GET', '/v1/collections/birds');
    await expect
      .poll(async () => (await collected()).progress.state, { timeout: 120_000, interval: 500 })
      .toBe('ready');
    const all = Object.keys(words).length;
    expect((await collected()).progress.files).toMatchObject({ found: all + 1, indexed: all, aside: 1 });
  });

  test.each(Object.entries(words))('%s is found by %s', async (name, word) => {
    const { hits } = await ask<{ hits: { passage: { path: string; text: string } }[] }>(
      'POST',
      '/v1/search',
      {
        query: word,
        mode: 'sparse',
      },
    );
    expect(hits.map(({ passage }) => passage.path)).toEqual([`/home/ada/files/${name}`]);
    expect(hits[0]!.passage.text).toContain(word);
  });

  test('what is encrypted is set aside with that reason', async () => {
    const { files } = await ask<{ files: { path: string; reason: string }[] }>(
      'GET',
      '/v1/collections/birds/aside',
    );
    expect(files).toEqual([expect.objectContaining({ path: '/home/ada/files/locked.pdf', reason: expect.stringContaining('encrypted') })]); // prettier-ignore
  });
});

test('the process that reads has no rights left', async () => {
  // It lives for some seconds behind the last file.
  await ada("echo 'one more' >files/more.txt; sleep 1");
  // All of it in one go: the process that reads ends by itself.
  const about = 'cat /proc/$pid/status /proc/$pid/limits';
  const ofReader = await ada(`pid=$(pgrep -f [/]usr/lib/nanite/rag/extract.mjs | tail -n 1); ${about}`);
  const ofService = await ada(`pid=$(${userctl} show -P MainPID nanite-rag.service); ${about}`);
  const status = (of: string, field: string) => new RegExp(`^${field}:\\s*(\\w+)`, 'm').exec(of)?.[1];
  expect(status(ofReader, 'Pid')).not.toBe(status(ofService, 'Pid'));
  expect(status(ofReader, 'Seccomp')).toBe('2');
  // One filter more than the unit has.
  expect(Number(status(ofReader, 'Seccomp_filters'))).toBeGreaterThan(Number(status(ofService, 'Seccomp_filters'))); // prettier-ignore
  expect(status(ofReader, 'CapEff')).toBe('0000000000000000');
  expect(ofReader).toMatch(/Max file size\s+0\s+0/);
  expect(ofReader).toMatch(/Max data size\s+1073741824\s+1073741824/);
});
