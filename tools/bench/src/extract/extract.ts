import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NaniteError } from '@nanite/kit';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { typescript } from '../load';
import { build } from '../machine/build';
import { checkout, peersFolder } from '../peers/cache';
import { figure, markdownTable } from '../report/table';
import { summarise } from '../statistics/quantile';
import { fetchDocuments, pdfFolder, textFolder } from './documents';

interface Extraction {
  files: number;
  seconds: number;
  bytes: number;
  chunks: number;
  failures: Record<string, string>;
}

function extractFolder(folder: string, ...options: string[]): Extraction {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...typescript, join(checkout, 'packages/rag-core/extract-folder.ts'), folder, ...options],
    { encoding: 'utf8', maxBuffer: 64 * 2 ** 20, cwd: checkout },
  );
  if (status !== 0) throw new NaniteError('bench-failed', `extraction ended with ${status}\n${stderr}`);
  return JSON.parse(stdout) as Extraction;
}

/** Seconds that pdftotext takes for all files of a folder, one after another, from a shell. */
function pdftotextFolder(folder: string): number {
  const started = performance.now();
  const { status } = spawnSync(
    'sh',
    ['-c', 'for file in "$1"/*; do pdftotext "$file" - || exit 1; done', 'sh', folder],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) throw new NaniteError('bench-failed', 'pdftotext failed');
  return (performance.now() - started) / 1000;
}

/** Words as often as they occur. */
function words(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu))
    found.set(word, (found.get(word) ?? 0) + 1);
  return found;
}

/** Of the words that pdftotext finds, those that are in our text too, each as often. */
function recall(
  folder: string,
  texts: Record<string, string>,
): { recall: number; words: number; worst: string } {
  let found = 0;
  let all = 0;
  let worst = { name: '', share: 2 };
  for (const name of readdirSync(folder)) {
    const { stdout } = spawnSync('pdftotext', [join(folder, name), '-'], {
      encoding: 'utf8',
      maxBuffer: 256 * 2 ** 20,
    });
    const ours = words(texts[join(folder, name)] ?? '');
    let here = 0;
    let hits = 0;
    for (const [word, count] of words(stdout)) {
      here += count;
      hits += Math.min(count, ours.get(word) ?? 0);
    }
    found += hits;
    all += here;
    if (here > 0 && hits / here < worst.share) worst = { name, share: hits / here };
  }
  return { recall: found / all, words: all, worst: `${worst.name}: ${figure(worst.share)}` };
}

function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const rounds = quick ? 1 : 5;
  const pdfs = pdfFolder();
  const peer: number[] = [];
  const one: number[] = [];
  const two: number[] = [];
  const textsPath = join(peersFolder(), 'extract-texts.json');
  // Once for the page cache.
  pdftotextFolder(pdfs);
  extractFolder(pdfs, '--texts', textsPath);
  const { recall: share, words: count, worst } = recall(pdfs, JSON.parse(readFileSync(textsPath, 'utf8')) as Record<string, string>); // prettier-ignore
  let last: Extraction | undefined;
  for (let round = 0; round < rounds; round++) {
    progress(`PDF, round ${round + 1} of ${rounds}`);
    peer.push(pdftotextFolder(pdfs));
    last = extractFolder(pdfs);
    one.push(last.seconds);
    two.push(extractFolder(pdfs, '--at-once', '2').seconds);
  }
  progress('text files');
  const texts = textFolder(quick ? 500 : 5_000);
  let text: Extraction[];
  try {
    text = Array.from({ length: quick ? 1 : 3 }, () => extractFolder(texts, '--chunks', '--at-once', '2'));
  } finally {
    rmSync(texts, { recursive: true });
  }
  rmSync(textsPath);
  const median = (all: number[]) => summarise(all).p50;
  const perSecond = median(text.map(({ files, seconds }) => files / seconds));
  const row = (what: string, seconds: number[]) => [
    what,
    figure(median(seconds)),
    figure(median(seconds) / median(peer)),
  ];
  return Promise.resolve({
    data: { peer, one, two, recall: share, words: count, worst, pdf: last, text },
    report: [
      `${last!.files} PDF files of ${figure(last!.bytes / 1e6)} MB (manuals that Debian ships, ${count} words), each read in a sandboxed process of its own; the start of Node's process that makes paragraphs of the text included. Beside it pdftotext from a shell, one file after another. Median of ${rounds} rounds in turn.`,
      markdownTable(
        ['', 'seconds', 'ratio'],
        [
          row('pdftotext', peer),
          row('extraction, a file at a time', one),
          row('extraction, two files at a time', two),
        ],
      ),
      `Of the words of pdftotext ${figure(100 * share)} % are found (least in ${worst}). ${Object.keys(last!.failures).length} files could not be read.`,
      `${text[0]!.files} text, Markdown and HTML files of 1 to 8 KB: ${figure(perSecond)} files a second, into ${text[0]!.chunks} passages.`,
    ].join('\n\n'),
    targets: [
      {
        what: 'PDF text, time to pdftotext',
        measured: median(one) / median(peer),
        must: '<=',
        limit: 1.3,
        unit: '×',
      },
      { what: 'PDF text, recall of its words', measured: share, must: '>=', limit: 0.99, unit: '' },
      { what: 'text files a second', measured: perSecond, must: '>=', limit: 40, unit: '' },
    ],
  });
}

export const extract: Bench = {
  name: 'extract',
  summary: 'text of PDF files beside pdftotext, and of text files',
  isolated: true,
  prepare: ({ build: wanted, progress }) => {
    fetchDocuments();
    if (wanted) build('build', ['nanite-rag'], progress);
    return Promise.resolve();
  },
  run: measure,
};
