import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import * as xlsx from '@e965/xlsx';
import type { FileType } from '@nanite/contracts';
import { unzipSync, zipSync } from 'fflate';
import PDFDocument from 'pdfkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExtractor, type Extractor } from './extractor';
import { byPandoc, newPath, pdf, pictureOf, written } from './making';
import { buildExtractProgram } from './testing';

let extractor: Extractor;
beforeAll(async () => (extractor = createExtractor(await buildExtractProgram())));
afterAll(() => extractor.close());

const extract = (path: string, type: FileType) =>
  extractor.extract({ path: Buffer.from(path), type, size: 0 }, new AbortController().signal);

const textOf = async (path: string, type: FileType) =>
  (await extract(path, type)).blocks.map(({ text }) => text).join('\n');

/** A file that is sound must still be read behind one that is not. */
const expectGoesOn = async () =>
  expect(await textOf(written('a.txt', 'The heron stands.'), 'text')).toBe('The heron stands.');

/** An office file of pandoc's with one part changed. */
function changed(path: string, name: string, change: (text: string) => string): string {
  const files = unzipSync(readFileSync(path));
  files[name] = Buffer.from(change(Buffer.from(files[name]!).toString('utf8')));
  return written(path.slice(path.lastIndexOf('/') + 1), zipSync(files));
}

describe('bombs', { timeout: 120_000 }, () => {
  const size = 64 * 2 ** 20;
  const big = () => {
    const path = byPandoc('a.docx', 'Heron.');
    return {
      path,
      files: { ...unzipSync(readFileSync(path)), 'word/document.xml': Buffer.alloc(size, ' ') },
    };
  };

  it('a DOCX whose directory says that it unpacks to a thousand times its size', async () => {
    const bomb = zipSync(big().files);
    expect(bomb.length).toBeLessThan(2 ** 20);
    await expect(extract(written('a.docx', bomb), 'docx')).rejects.toMatchObject({
      code: 'cannot-extract',
      reason: 'bomb',
    });
    await expectGoesOn();
  });

  it('a DOCX whose directory lies', async () => {
    const bomb = Buffer.from(zipSync(big().files));
    // Sizes of the entry, in its own header and in the directory.
    const honest = Buffer.alloc(4);
    honest.writeUInt32LE(size);
    const lie = Buffer.alloc(4);
    lie.writeUInt32LE(1000);
    let changes = 0;
    for (let at = bomb.indexOf(honest); at !== -1; at = bomb.indexOf(honest, at + 4), changes++)
      lie.copy(bomb, at);
    expect(changes).toBe(2);
    await expect(extract(written('a.docx', bomb), 'docx')).rejects.toMatchObject({ reason: 'bomb' });
    await expectGoesOn();
  });

  const entities = (root: string) =>
    `<!DOCTYPE ${root} [<!ENTITY a "heronheron">${Array.from({ length: 12 }, (_, at) => `<!ENTITY ${'bcdefghijklm'[at]} "${`&${'abcdefghijkl'[at]};`.repeat(10)}">`).join('')}]>`; // prettier-ignore

  it.each([
    ['docx', 'word/document.xml', 'w:document'],
    ['odt', 'content.xml', 'office:document-content'],
  ] as const)('entities that define each other in a %s', async (type, part, root) => {
    const path = changed(byPandoc(`a.${type}`, 'Before MARK behind.'), part, (text) =>
      text.replace(/<\?xml[^>]*\?>/, (head) => head + entities(root)).replace('MARK', '&m;'),
    );
    const found = await extract(path, type).catch((error: unknown) => error);
    if (found instanceof Error) expect(found).toMatchObject({ code: 'cannot-extract' });
    else expect(JSON.stringify(found).length).toBeLessThan(2000);
    expect(JSON.stringify(found)).not.toContain('heronheron');
    await expectGoesOn();
  });

  it('entities that are files', async () => {
    const secret = written('secret', 'the heron knows');
    const path = changed(byPandoc('a.odt', 'Before MARK behind.'), 'content.xml', (text) =>
      text
        .replace(/<\?xml[^>]*\?>/, (head) => `${head}<!DOCTYPE x [<!ENTITY s SYSTEM "file://${secret}">]>`)
        .replace('MARK', '&s;'),
    );
    expect(await textOf(path, 'odt')).not.toContain('the heron knows');
  });

  it('HTML of 50 MB, ten million elements deep', async () => {
    const path = written('a.html', `${'<div>'.repeat(10_000_000)}The heron stands.`);
    await expect(extract(path, 'html')).rejects.toMatchObject({ reason: 'bomb', message: /nested/ });
    await expectGoesOn();
    // As large and flat, or as deep as careless pages are, it is read.
    const flat = written('b.html', `${'<div>x</div>'.repeat(4_000_000)}<p>The heron stands.`);
    expect((await extract(flat, 'html')).blocks.length).toBeGreaterThan(100_000);
    const deep = written('c.html', `${'<font>'.repeat(15_000)}<p>The heron stands.`);
    expect(await textOf(deep, 'html')).toBe('The heron stands.');
  });
});

describe('what is not meant to be read', { timeout: 60_000 }, () => {
  it('an encrypted PDF', async () => {
    const path = newPath('encrypted.pdf');
    execFileSync('qpdf', ['--encrypt', 'user', 'owner', '256', '--', await pdf(['Heron']), path]);
    await expect(extract(path, 'pdf')).rejects.toMatchObject({ reason: 'encrypted', message: /encrypted/ });
    // One that only forbids printing is open to all.
    const restricted = newPath('restricted.pdf');
    execFileSync('qpdf', [
      '--encrypt',
      '',
      'owner',
      '256',
      '--print=none',
      '--',
      await pdf(['Heron']),
      restricted,
    ]);
    expect(await textOf(restricted, 'pdf')).toBe('Heron');
  });

  it.each(['docx', 'pptx', 'xlsx'] as const)('an encrypted %s', async (type) => {
    const container = xlsx.CFB.utils.cfb_new();
    xlsx.CFB.utils.cfb_add(container, '/EncryptionInfo', Buffer.alloc(248));
    xlsx.CFB.utils.cfb_add(container, '/EncryptedPackage', Buffer.alloc(5000, 7));
    const path = written(`a.${type}`, xlsx.CFB.write(container, { type: 'buffer' }) as Buffer);
    await expect(extract(path, type)).rejects.toMatchObject({ reason: 'encrypted' });
  });

  it('scripts in a PDF, which are neither run nor text', async () => {
    const path = newPath('script.pdf');
    const document = new PDFDocument();
    const out = createWriteStream(path);
    document.pipe(out);
    document.addNamedJavaScript(
      'open',
      "app.alert('the owl hoots'); this.exportDataObject({ cName: 'x', nLaunch: 2 });",
    );
    document.text('The heron stands.');
    document.end();
    await finished(out);
    expect(readFileSync(path, 'latin1')).toContain('JavaScript');
    expect(await textOf(path, 'pdf')).toBe('The heron stands.');
  });

  it.each(['text', 'markdown', 'pdf', 'docx'] as const)('2 GB called %s, by its size alone', async (type) => {
    const magic = { text: 'Heron\n', markdown: '# Heron\n', pdf: '%PDF-1.7\n', docx: 'PK\x03\x04' }[type];
    const path = written(`big.${{ text: 'txt', markdown: 'md', pdf: 'pdf', docx: 'docx' }[type]}`, magic);
    truncateSync(path, 2 * 2 ** 30);
    await expect(extract(path, type)).rejects.toMatchObject({ code: 'cannot-extract' });
    await expectGoesOn();
  });

  it('a text of 2 GB is too large, whatever is in it', async () => {
    // Sparse from the first page on, so that the first bytes are text.
    const path = written('big.txt', 'heron\n'.repeat(1_000));
    truncateSync(path, 2 * 2 ** 30);
    await expect(extract(path, 'text')).rejects.toMatchObject({
      reason: 'too-large',
      message: /larger than 64 MiB/,
    });
  });

  it('pipes, folders, links and what is gone', async () => {
    const pipe = newPath('pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(extract(pipe, 'text')).rejects.toMatchObject({ reason: 'unreadable' });
    const folder = newPath('folder');
    mkdirSync(folder);
    await expect(extract(folder, 'text')).rejects.toMatchObject({ reason: 'unreadable' });
    const link = newPath('link');
    execFileSync('ln', ['-s', '/etc/passwd', link]);
    await expect(extract(link, 'text')).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(extract(newPath('nothing'), 'text')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('damaged files', { timeout: 300_000 }, () => {
  const markdown = '# Birds\n\nThe heron stands.\n\n| a | b |\n|---|---|\n| c | d |\n';
  const sound: [FileType, () => string | Promise<string>][] = [
    ['docx', () => byPandoc('a.docx', markdown)],
    ['odt', () => byPandoc('a.odt', markdown)],
    ['pptx', () => byPandoc('a.pptx', markdown)],
    ['epub', () => byPandoc('a.epub', markdown)],
    ['notebook', () => byPandoc('a.ipynb', markdown)],
    ['html', () => byPandoc('a.html', markdown)],
    ['pdf', () => pdf(['The heron stands.', 'Owls.'])],
    ['image', async () => pictureOf(await pdf(['Heron']))],
    ['xlsx', () => {
      const book = xlsx.utils.book_new();
      xlsx.utils.book_append_sheet(book, xlsx.utils.aoa_to_sheet([['a', 'b'], [1, 2]]), 'S');
      return written('a.xlsx', xlsx.write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer);
    }],
    ['mail', () => written('a.eml', 'From: a@b\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nHeron\r\n--q--\r\n')],
    ['csv', () => written('a.csv', 'a,b\n"c",d\n')],
    ['markdown', () => written('a.md', markdown)],
    ['code', () => written('a.ts', 'export class A { b() { return `${1}`; } }\n')],
  ]; // prettier-ignore

  it.each(sound)('%s: cut off, or with broken bytes', async (type, make) => {
    const whole = readFileSync(await make());
    const path = await make();
    const random = seeded(7);
    const outcomes: string[] = [];
    for (let round = 0; round < (type === 'image' || type === 'pdf' ? 4 : 10); round++) {
      const bytes = Buffer.from(whole);
      if (round % 2 === 1) for (let at = 0; at < 1 + round; at++) bytes[random(bytes.length)] = random(256);
      writeFileSync(path, round % 2 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
      const found = await extract(path, type).catch((error: unknown) => error);
      if (found instanceof Error)
        expect(found).toMatchObject({ code: 'cannot-extract', message: expect.any(String) });
      outcomes.push(found instanceof Error ? (found as Error & { reason: string }).reason : 'read');
    }
    // A program that dies of a damaged file is a fault of ours, though one that holds nobody up.
    expect(outcomes).not.toContain('crashed');
    writeFileSync(path, whole);
    expect((await extract(path, type)).blocks.length).toBeGreaterThan(0);
  });
});

/** Numbers below `most`, the same in every run (a linear congruential generator of Numerical Recipes). */
function seeded(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}
