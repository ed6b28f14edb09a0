import { readFileSync, writeFileSync } from 'node:fs';
import type { FileType } from '@nanite/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipSync } from 'fflate';
import * as xlsx from '@e965/xlsx';
import type { Extracted } from './extracted';
import { createExtractor, type Extractor } from './extractor';
import { byPandoc, newPath, pdf, pictureOf, scannedPdf, written } from './making';
import { buildExtractProgram } from './testing';

let extractor: Extractor;
beforeAll(async () => (extractor = createExtractor(await buildExtractProgram())));
afterAll(() => extractor.close());

const extract = (path: string | Buffer, type: FileType): Promise<Extracted> =>
  extractor.extract({ path: Buffer.from(path), type, size: 0 }, new AbortController().signal);

/** That the blocks' bytes are what stands in the file, without a gap between them. */
function expectExact(
  path: string,
  { blocks }: Extracted,
  decode = (bytes: Buffer) => bytes.toString('utf8'),
) {
  const bytes = readFileSync(path);
  let end = blocks[0]!.bytes!.from;
  for (const block of blocks) {
    expect(block.bytes!.from).toBe(end);
    end = block.bytes!.to;
    expect(decode(bytes.subarray(block.bytes!.from, end))).toBe(block.text);
  }
  expect(end).toBe(bytes.length);
}

const sample = `---
title: The book of tests
---

# Birds

The heron stands in the reeds — käse, naïve 🐦.

## Water birds

| Bird | Legs |
|------|------|
| Heron | two |
| Coot | two more |

## Owls

Owls hunt at night.

- barn owl
- eagle owl
`;

describe('text', { timeout: 30_000 }, () => {
  it('keeps lines and bytes', async () => {
    const path = written('a.txt', 'Erste Zeile: käse 🐦.\nZweite.\n\n\nDritte — Absatz.\r\n\r\nVierter');
    const found = await extract(path, 'text');
    expectExact(path, found);
    expect(found.blocks.map(({ place }) => place)).toEqual([
      { kind: 'lines', from: 1, to: 2 },
      { kind: 'lines', from: 5, to: 5 },
      { kind: 'lines', from: 7, to: 7 },
    ]);
  });

  it.each([
    ['UTF-8 with a mark', Buffer.from('\ufeffkäse 🐦\n\nzwei'), 3],
    ['UTF-16 with a mark', Buffer.from('\ufeffkäse 🐦\n\nzwei', 'utf16le'), 2],
    ['UTF-16 without', Buffer.from('cheese and käse\n\nzwei', 'utf16le'), 0],
    ['Latin-1', Buffer.from('käse füßchen, größer müßte er schon sein\n\nzwei', 'latin1'), 0],
  ])('reads %s', async (_, bytes, start) => {
    const path = written('a.txt', bytes);
    const { blocks } = await extract(path, 'text');
    expect(blocks.map(({ text }) => text.trim()).join('|')).toMatch(/k[ä]se.*\|zwei/);
    expect(blocks[0]!.bytes!.from).toBe(start);
    expect(blocks[1]!.bytes!.to).toBe(bytes.length);
    const zwei = bytes.subarray(blocks[1]!.bytes!.from, blocks[1]!.bytes!.to).toString('latin1');
    expect(zwei.replaceAll('\0', '')).toBe('zwei');
  });

  it('reads a file whose name is not UTF-8 and has a line break', async () => {
    const path = Buffer.concat([
      Buffer.from(newPath('x')),
      Buffer.from([0xff, 0x0a, 0xfe]),
      Buffer.from('.md'),
    ]);
    writeFileSync(path, '# Heron\n');
    expect(await extract(path, 'markdown')).toMatchObject({ title: 'Heron' });
  });
});

describe('Markdown', { timeout: 30_000 }, () => {
  it('keeps headings, tables, lines and bytes', async () => {
    const path = written('a.md', sample);
    const found = await extract(path, 'markdown');
    expectExact(path, found);
    expect(found.title).toBe('The book of tests');
    const table = found.blocks.find(({ kind }) => kind === 'table')!;
    expect(table.headings).toEqual(['Birds', 'Water birds']);
    expect(table.place).toEqual({ kind: 'lines', from: 11, to: 14 });
    expect(found.blocks.at(-1)).toMatchObject({ headings: ['Birds', 'Owls'], place: { from: 20, to: 21 } });
  });
});

describe('HTML', { timeout: 30_000 }, () => {
  it('shows what a browser shows', async () => {
    const path = written(
      'a.html',
      `<!doctype html><html lang=de><head><title>Vögel &amp; mehr</title><style>p {}</style></head>
<body><script>alert('never')</script>
<h1>Birds</h1>
<p>The <b>her</b>on&nbsp;stands.<p>It waits.
<h2>Owls</h2><table><tr><th>Bird<th>Legs<tr><td>Coot<td>two</table>
<pre>a
  b</pre></body>`,
    );
    const found = await extract(path, 'html');
    expect(found).toMatchObject({ title: 'Vögel & mehr', language: 'de' });
    expect(found.blocks.map(({ text, kind, place }) => [text, kind, 'from' in place && place.from])).toEqual([
      ['Birds', 'heading', 3],
      ['The heron stands.', 'prose', 4],
      ['It waits.', 'prose', 4],
      ['Owls', 'heading', 5],
      ['Bird | Legs\nCoot | two', 'table', 5],
      ['a\n  b', 'code', 6],
    ]);
    expect(found.blocks.at(-1)!.headings).toEqual(['Birds', 'Owls']);
  });

  it('believes what it says of its encoding where it is not UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('<meta charset="windows-1251"><p>'),
      Buffer.from([0xd6, 0xe0, 0xef, 0xeb, 0xff]),
    ]);
    expect((await extract(written('a.html', bytes), 'html')).blocks[0]!.text).toBe('Цапля');
  });
});

describe('PDF', { timeout: 120_000 }, () => {
  it('keeps pages and the title', async () => {
    const path = await pdf(['The heron stands in the reeds.', 'Owls hunt at night.'], {
      Title: 'Birds & <b>more</b>',
    });
    const found = await extract(path, 'pdf');
    expect(found.title).toBe('Birds & <b>more</b>');
    expect(found.blocks.map(({ text, place }) => [text, place])).toEqual([
      ['The heron stands in the reeds.', { kind: 'pages', from: 1, to: 1 }],
      ['Owls hunt at night.', { kind: 'pages', from: 2, to: 2 }],
    ]);
  });

  it('reads pages without text by OCR, and pictures', async () => {
    const picture = pictureOf(await pdf(['The heron stands in the reeds.']));
    expect((await extract(picture, 'image')).blocks[0]).toMatchObject({
      text: 'The heron stands in the reeds.',
      place: { kind: 'pages', from: 1, to: 1 },
    });
    const found = await extract(await scannedPdf(picture, ['Owls hunt at night.', null]), 'pdf');
    expect(found.blocks.map(({ text, place }) => [text, place])).toEqual([
      ['Owls hunt at night.', { kind: 'pages', from: 1, to: 1 }],
      ['The heron stands in the reeds.', { kind: 'pages', from: 2, to: 2 }],
    ]);
    // A page with nothing on it is not looked at.
    expect(await extract(await pdf(['Owls hunt at night.', '']), 'pdf')).toMatchObject({ warnings: [] });
  });
});

describe('office files and books', { timeout: 60_000 }, () => {
  it.each([
    ['docx', 'a.docx'],
    ['odt', 'a.odt'],
  ] as const)('%s keeps headings and tables', async (type, name) => {
    const found = await extract(byPandoc(name, sample), type);
    expect(found).toMatchObject({ type, title: 'The book of tests', warnings: [] });
    const of = (text: string) => found.blocks.find((block) => block.text.includes(text))!;
    expect(of('naïve 🐦').place).toEqual({ kind: 'part', name: 'Birds' });
    expect(of('Coot')).toMatchObject({ kind: 'table', text: 'Bird | Legs\nHeron | two\nCoot | two more' });
    expect(of('Coot').headings.slice(-2)).toEqual(['Birds', 'Water birds']);
    expect(of('eagle owl').place).toEqual({ kind: 'part', name: 'Owls' });
  });

  it('pptx keeps slides in their order, with tables and notes', async () => {
    const slides =
      '# Herons\n\nIn the reeds.\n\n::: notes\nBreathe here.\n:::\n\n# Owls\n\n| A | B |\n|---|---|\n| x | y |\n';
    const found = await extract(byPandoc('a.pptx', slides), 'pptx');
    const said = found.blocks.map(({ text, place, headings }) => [
      text,
      'slide' in place && place.slide,
      headings[0],
    ]);
    expect(said).toContainEqual(['In the reeds.', 1, 'Herons']);
    expect(said).toContainEqual(['Breathe here.', 1, 'Notes']);
    expect(said).toContainEqual(['A | B\nx | y', 2, 'Owls']);
  });

  it('epub keeps chapters', async () => {
    const found = await extract(byPandoc('a.epub', `${sample}\n# Second\n\nThe end.\n`), 'epub');
    expect(found.title).toBe('The book of tests');
    const part = (text: string) => found.blocks.find((block) => block.text.includes(text))!.place;
    expect(part('Owls hunt')).toMatchObject({ kind: 'part', name: expect.stringMatching(/ch001\.xhtml$/) });
    expect(part('The end')).toMatchObject({ kind: 'part', name: expect.stringMatching(/ch002\.xhtml$/) });
  });

  it.each(['xlsx', 'ods', 'xls'] as const)('%s keeps sheets and rows', async (bookType) => {
    const book = xlsx.utils.book_new();
    const sheet = xlsx.utils.aoa_to_sheet([['Bird', 'Legs'], ['Heron', 2], [], ['Seen', new Date(Date.UTC(2026, 4, 3))]], { UTC: true } as never); // prettier-ignore
    xlsx.utils.book_append_sheet(book, sheet, 'Water birds');
    const path = written(`a.${bookType}`, xlsx.write(book, { type: 'buffer', bookType }) as Buffer);
    const { blocks } = await extract(path, 'xlsx');
    expect(blocks[0]).toMatchObject({
      text: 'Bird | Legs\nHeron | 2\n',
      place: { kind: 'rows', sheet: 'Water birds', from: 1, to: 2 },
    });
    expect(blocks[1]).toMatchObject({ text: 'Seen | 2026-05-03\n', place: { from: 4, to: 4 } });
  });
});

describe('other files', { timeout: 30_000 }, () => {
  it('CSV keeps rows, whatever is in its cells', async () => {
    const path = written('a.csv', 'Bird;Says\nHeron;"kr; ""ah""\nkrah"\nOwl;huh;more\n\nCoot;köck\n');
    const { blocks } = await extract(path, 'csv');
    expect(blocks.map(({ text, place }) => [text, place])).toEqual([
      [
        'Bird | Says\nHeron | kr; "ah" krah\nOwl | huh | more\n',
        { kind: 'rows', sheet: null, from: 1, to: 3 },
      ],
      ['Coot | köck\n', { kind: 'rows', sheet: null, from: 5, to: 5 }],
    ]);
  });

  it('notebooks keep cells and their lines', async () => {
    const notebook = {
      nbformat: 4,
      metadata: { kernelspec: { language: 'python' } },
      cells: [
        { cell_type: 'markdown', source: ['# Birds\n', '\n', 'Herons.'] },
        {
          cell_type: 'code',
          source: 'count = 2\ncount',
          outputs: [{ data: { 'text/plain': ['2'], 'image/png': 'AAAA' } }],
        },
      ],
    };
    const found = await extract(written('a.ipynb', JSON.stringify(notebook)), 'notebook');
    expect(found).toMatchObject({ title: 'Birds', language: 'python' });
    expect(found.blocks.map(({ text, place, kind }) => [text.trim(), place, kind])).toEqual([
      ['# Birds', { kind: 'cell', cell: 1, from: 1, to: 1 }, 'heading'],
      ['Herons.', { kind: 'cell', cell: 1, from: 3, to: 3 }, 'prose'],
      ['count = 2\ncount', { kind: 'cell', cell: 2, from: 1, to: 2 }, 'code'],
      ['2', { kind: 'cell', cell: 2, from: 2, to: 2 }, 'code'],
    ]);
  });

  it('mail keeps who wrote what', async () => {
    const path = written(
      'a.eml',
      [
        'From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>',
        'To: Ana <a@example.org>',
        'Subject: Herons',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        'Content-Type: text/plain; charset=iso-8859-1',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'K=E4se.',
        '',
        'Second.',
        '--x',
        'Content-Type: application/pdf; name=heron.pdf',
        'Content-Disposition: attachment; filename=heron.pdf',
        '',
        'xx',
        '--x--',
        '',
      ].join('\r\n'),
    );
    const { title, blocks } = await extract(path, 'mail');
    expect(title).toBe('Herons');
    expect(blocks[0]!.text).toMatch(/From: Jürgen <j@example.org>\nTo: Ana <a@example.org>\n.*heron\.pdf/s);
    expect(blocks.slice(1).map(({ text }) => text)).toEqual(['Käse.', 'Second.']);
  });

  it.each([
    ['a.py', 'import os\n\n# Before it.\n@wraps\ndef first(a):\n    """Käse."""\n    return a\n\n\nclass Heron:\n    def stand(self):\n        pass\n', ['first', 'Heron']],
    ['a.ts', 'const x = 1;\n\n/** Says. */\nexport const say = (a: string) => a;\n\nexport interface Bird { legs: number }\n', ['say', 'Bird']],
    ['a.c', '#include <stdio.h>\n\nstruct heron { int legs; };\n\nstatic int *stand(int a)\n{\n\treturn 0;\n}\n', ['heron', 'stand']],
    ['a.h', '#ifndef A_H\n#define A_H\n#ifdef __cplusplus\nextern "C" {\n#endif\nint stand(void);\nstatic inline int go(void) { return 1; }\n#ifdef __cplusplus\n}\n#endif\n#endif\n', ['go']],
    ['a.cpp', 'namespace birds {\nclass Heron {\n public:\n  void stand();\n};\nvoid Heron::stand() {}\n}\n', ['birds']],
    ['a.go', 'package birds\n\ntype Heron struct{ legs int }\n\nfunc (h *Heron) Stand() int {\n\treturn 1\n}\n', ['Heron', 'Stand']],
    ['a.rs', 'struct Heron;\n\nimpl Heron {\n    fn stand(&self) {}\n}\n\n#[test]\nfn works() {}\n', ['Heron', 'works']],
    ['a.java', 'package a;\n\npublic class Heron {\n  void stand() {}\n}\n', ['Heron']],
    ['a.rb', 'module Birds\n  class Heron\n    def stand\n    end\n  end\nend\n', ['Birds']],
    ['a.cs', 'namespace Birds;\n\nclass Heron { void Stand() {} }\n', ['Heron']],
    ['a.php', '<?php\nfunction stand($a) { return 1; }\nclass Heron { function go() {} }\n', ['stand', 'Heron']],
    ['a.sh', '#!/bin/sh\nset -e\nstand() {\n  echo hello\n}\nstand\n', ['stand']],
    ['a.css', '.heron { color: grey }\n\n@media print { .owl { color: black } }\n', ['.heron']],
    ['a.js', 'function* stand() {}\nclass Heron { fly() {} }\n', ['stand', 'Heron']],
    ['a.tsx', 'export function Bird() {\n  return <b>heron</b>;\n}\n', ['Bird']],
    ['a.ps1', 'function Get-Heron {\n  Write-Output "heron"\n}\n', ['Get-Heron']],
    ['a.lua', 'function stand()\nend\n', []],
  ])('code keeps symbols: %s', async (name, text, symbols) => {
    const path = written(name, text);
    const found = await extract(path, 'code');
    expectExact(path, found);
    expect(found.warnings).toEqual([]);
    const all = found.blocks.flatMap(({ symbol }) => symbol ?? []);
    for (const symbol of symbols) expect(all).toContain(symbol);
  }); // prettier-ignore

  it('cuts a long class into its methods', async () => {
    const method = (at: number) => `  method${at}(): string {\n    return '${'käse '.repeat(60)}';\n  }\n\n`;
    const path = written(
      'a.ts',
      `/** Birds. */\nexport class Heron {\n${Array.from({ length: 8 }, (_, at) => method(at)).join('')}}\n`,
    );
    const found = await extract(path, 'code');
    expectExact(path, found);
    const third = found.blocks.find(({ symbol }) => symbol === 'Heron.method3')!;
    expect(third).toMatchObject({ headings: ['Heron'], place: { kind: 'lines', from: 15, to: 17 } });
  });

  it('tells what a file is by its bytes, and the name where they leave it open', async () => {
    const picture = pictureOf(await pdf(['Heron']));
    expect((await extract(written('a.txt', readFileSync(picture)), 'text')).type).toBe('image');
    const archive = zipSync({ 'a.txt': Buffer.from('x') });
    await expect(extract(written('a.md', archive), 'markdown')).rejects.toMatchObject({
      reason: 'unknown-format',
    });
  });
});
