import { describe, expect, it } from 'vitest';
import type { Block, Extracted } from '../extract/extracted';
import { readCsv } from '../extract/readers/csv';
import { readHtml } from '../extract/readers/html';
import { readMarkdown } from '../extract/readers/markdown';
import { readText } from '../extract/readers/text';
import { chunkDocument, type Chunk } from './chunk';
import { countTokens } from './tokens';

const markdown = (text: string | Buffer): Extracted =>
  readMarkdown({ type: 'markdown', name: 'a.md', bytes: Buffer.from(text) });
const text = (bytes: string | Buffer): Extracted =>
  readText({ type: 'text', name: 'a.txt', bytes: Buffer.from(bytes) });

const block = (change: Partial<Block>): Block => ({
  text: '',
  headings: [],
  place: { kind: 'whole' },
  bytes: null,
  kind: 'prose',
  symbol: null,
  ...change,
});
const document = (blocks: Partial<Block>[]): Extracted => ({
  type: 'pdf',
  title: null,
  language: null,
  blocks: blocks.map(block),
  warnings: [],
});

const sentence = (at: number) => `Sentence ${at} says that the heron — naïve 🐦 — stands in the reeds. `;
const sentences = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => sentence(from + at)).join('');

/** That what a chunk shows is what stands at its bytes and lines. */
function expectInPlace(bytes: Buffer, chunks: readonly Chunk[], encoding: BufferEncoding = 'utf8') {
  const lines = bytes.toString(encoding).split('\n');
  for (const chunk of chunks) {
    expect(bytes.subarray(chunk.bytes!.from, chunk.bytes!.to).toString(encoding)).toBe(chunk.text);
    const { from, to } = chunk.place as { from: number; to: number };
    expect(lines[from - 1]).toContain(chunk.text.split('\n')[0]!.trim());
    expect(lines[to - 1]).toContain(chunk.text.split('\n').at(-1)!.trim());
    expect(to - from).toBe(chunk.text.split('\n').length - 1);
  }
}

describe('chunkDocument', () => {
  it('keeps bytes and lines exact, whatever the encoding', () => {
    const source = `# Birds\n\n${sentences(30)}\n\n## Owls\n\n${Array.from({ length: 40 }, (_, at) => sentence(at)).join('\n')}\n\n\`\`\`ts\nconst käse = '🧀';\n\`\`\`\n`;
    for (const tokens of [40, 100, 256]) {
      const bytes = Buffer.from(source);
      const chunks = chunkDocument(markdown(bytes), { tokens });
      expect(chunks.length).toBeGreaterThan(4);
      expectInPlace(bytes, chunks);
    }
    const wide = Buffer.from(`\ufeff${source}`, 'utf16le');
    expectInPlace(wide, chunkDocument(text(wide)), 'utf16le');
    const narrow = Buffer.from(source.replaceAll(/[—🐦🧀]/gu, 'ß'), 'latin1');
    expectInPlace(narrow, chunkDocument(text(narrow)), 'latin1');
    const windows = Buffer.from(source.replaceAll('\n', '\r\n'));
    for (const { text: shown, bytes } of chunkDocument(text(windows))) {
      expect(windows.subarray(bytes!.from, bytes!.to).toString()).toBe(shown);
    }
  });

  it('fills chunks to their size and no further, and repeats an eighth', () => {
    const chunks = chunkDocument(text(sentences(200)), { tokens: 200 });
    for (const [at, chunk] of chunks.entries()) {
      expect(chunk.ordinal).toBe(at);
      expect(countTokens(chunk.text)).toBeLessThanOrEqual(200);
      expect(countTokens(chunk.text)).toBeGreaterThan(120);
      expect(chunk.text).toMatch(/^Sentence \d+ says.*reeds\.$/s);
    }
    const numbers = chunks.map((chunk) =>
      [...chunk.text.matchAll(/Sentence (\d+)/g)].map(([, number]) => Number(number)),
    );
    // Every sentence is there, in its order, and the last of a chunk begins the next.
    expect([...new Set(numbers.flat())]).toEqual(Array.from({ length: 200 }, (_, at) => at));
    for (const [at, own] of numbers.entries()) if (at > 0) expect(own[0]).toBe(numbers[at - 1]!.at(-1));
  });

  it('makes halves of what is a little too long', () => {
    const sizes = chunkDocument(text(sentences(18)), { tokens: 256 }).map((chunk) => countTokens(chunk.text));
    expect(sizes.length).toBe(2);
    expect(Math.min(...sizes) / Math.max(...sizes)).toBeGreaterThan(0.6);
  });

  it('keeps sections apart, and names them', () => {
    const chunks = chunkDocument(markdown('# A\n\nOne.\n\n## B\n\nTwo.\n\n## C\n\n### D\n\nThree.\n\n# E\n'));
    expect(chunks.map(({ headings, text: shown }) => [headings.join('/'), shown])).toEqual([
      ['A', '# A\n\nOne.'],
      ['A/B', '## B\n\nTwo.'],
      // A heading right above another says nothing that the other does not; a last one does.
      ['A/C/D', '### D\n\nThree.'],
      ['E', '# E'],
    ]);
  });

  it('keeps pages apart', () => {
    const page = (at: number) => ({
      text: `Page ${at}.`,
      place: { kind: 'pages', from: at, to: at } as const,
    });
    const chunks = chunkDocument(document([page(1), page(1), page(2)]));
    expect(chunks.map(({ text: shown, place }) => [shown, 'from' in place && place.from])).toEqual([
      ['Page 1.\n\nPage 1.', 1],
      ['Page 2.', 2],
    ]);
  });

  it('repeats the header of a table, and counts its rows', () => {
    const rows = Array.from({ length: 500 }, (_, at) => `Heron ${at},${at},grey`);
    const csv = readCsv({
      type: 'csv',
      name: 'a.csv',
      bytes: Buffer.from(['Bird,Number,Colour', ...rows].join('\n')),
    });
    const chunks = chunkDocument(csv, { tokens: 120 });
    let next = 1;
    for (const [at, { text: shown, place, kind }] of chunks.entries()) {
      const [head, ...body] = shown.split('\n');
      expect([kind, head]).toEqual(['table', 'Bird | Number | Colour']);
      const { from, to } = place as { from: number; to: number };
      expect(from).toBe(next);
      expect(body.length).toBe(to - from + (at === 0 ? 0 : 1));
      expect(body.at(-1)).toBe(`Heron ${to - 2} | ${to - 2} | grey`);
      next = to + 1;
    }
    expect(next).toBe(502);
    const table = `# T\n\n| a | b |\n|---|:-:|\n${'| heron | two legs and a beak |\n'.repeat(60)}`;
    for (const { text: shown } of chunkDocument(markdown(table), { tokens: 100 })) {
      expect(shown).toContain('| a | b |\n|---|:-:|\n| heron');
    }
  });

  it('keeps definitions apart and joins small ones', () => {
    const define = (symbol: string, length: number) => ({
      symbol,
      kind: 'code' as const,
      text: `${'x = 1\n'.repeat(length)}`,
    });
    const chunks = chunkDocument(
      document([define('A.get', 2), define('A.set', 2), define('long', 200), define('B', 40)]),
    );
    expect(chunks.map(({ symbol }) => symbol)).toEqual(['A.get', 'long', 'long', 'long', 'B']);
  });

  it('cuts what has no borders, and no character', () => {
    const chunks = chunkDocument(text('🐦'.repeat(5_000)));
    for (const { text: shown } of chunks) expect(shown).toMatch(/^(?:🐦)+$/u);
    expect(chunks.map(({ text: shown }) => shown).join('').length).toBe(10_000);
    for (const { text: shown } of chunkDocument(text('x'.repeat(100_000)))) {
      expect(countTokens(shown)).toBeLessThanOrEqual(256);
    }
    expect(chunkDocument(text('灰鹭站在岸边。'.repeat(200))).length).toBeGreaterThan(4);
  });

  it('knows two copies of a text by their hash', () => {
    const [one] = chunkDocument(text('The  heron\nstands in the reeds.'));
    const [other] = chunkDocument(
      readHtml({ type: 'html', name: 'a.html', bytes: Buffer.from('<p>The heron stands in the REEDS.') }),
    );
    expect(one!.hash).toBe(other!.hash);
    expect(one!.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(chunkDocument(text('The heron stands in a reed.'))[0]!.hash).not.toBe(one!.hash);
  });

  it('makes nothing of nothing', () => {
    expect(chunkDocument(text(''))).toEqual([]);
    expect(chunkDocument(text(' \n\n\t\n'))).toEqual([]);
  });
});
