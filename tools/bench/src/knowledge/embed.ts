import { bundleProgram } from '@nanite/test-programs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchOptions, BenchResult } from '../bench';
import { build } from '../machine/build';
import { checkout } from '../peers/cache';
import {
  fastembedVersion,
  installRetrievalPeers,
  modelForFastembed,
  retrievalVenv,
} from '../peers/retrieval';
import { figure, markdownTable } from '../report/table';
import { summarise } from '../statistics/quantile';
import { cranfield, Person } from './person';

interface Side {
  seconds: number;
  vectors: number[][];
}

/** Abstracts of Cranfield: title and text. */
export function abstracts(): Array<{ title: string; text: string }> {
  const tidy = (text: string | undefined) => (text ?? '').replaceAll(/\s+/g, ' ').trim();
  return readFileSync(join(cranfield(), 'cran.all.1400'), 'latin1')
    .split(/^\.I .*$/m)
    .map((record) => ({
      title: tidy(/^\.T\n([\s\S]*?)^\.A$/m.exec(record)?.[1]),
      text: tidy(/^\.W\n([\s\S]*)$/m.exec(record)?.[1]),
    }))
    .filter(({ text }) => text !== '');
}

/** Folder of the embedding model that ships, as its package is built. */
export const bgeSmall = join(
  checkout,
  'tools/model-debs/models/nanite-model-bge-small-en-v1.5/dist/bge-small-en-v1.5',
);

/** Bundle a program of nanite-rag's measure/ for a machine. */
export async function bundled(name: string, folder: string): Promise<void> {
  await bundleProgram(join(checkout, 'packages/rag-core/measure', `${name}.ts`), folder, name);
}

async function measure({ quick, progress }: BenchOptions): Promise<BenchResult> {
  const texts = abstracts()
    .slice(0, quick ? 60 : 200)
    .map(({ title, text }) => `${title}\n${text}`);
  const person = await Person.boot('bench-embed');
  try {
    person.give('texts.json', texts);
    modelForFastembed(bgeSmall, join(person.folder, 'fastembed'));
    await bundled('embedding', person.folder);
    const peer = (batch: number) =>
      `${retrievalVenv()}/bin/python /srv/peers/fastembed-rate.py /srv/bench/texts.json /srv/bench/fastembed ${batch}`;
    const sides = [
      {
        name: 'Nanite, through the gateway',
        command: 'node /srv/bench/embedding.mjs /srv/bench/texts.json',
      },
      { name: `fastembed ${fastembedVersion}, batches of 256 (its default)`, command: peer(256) },
      { name: `fastembed ${fastembedVersion}, batches of 16`, command: peer(16) },
    ].map((side) => ({ ...side, rates: [] as number[], vectors: [] as number[][] }));
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const side of sides) {
        const { seconds, vectors } = JSON.parse(await person.run(side.command)) as Side;
        side.rates.push(texts.length / seconds);
        side.vectors = vectors;
        progress(`round ${round + 1}: ${side.name}: ${figure(texts.length / seconds)} texts/s`);
      }
    }
    const rate = (side: (typeof sides)[number]) => summarise(side.rates).p50;
    const best = Math.max(...sides.slice(1).map(rate));
    const [ours, theirs] = [sides[0]!.vectors, sides[1]!.vectors];
    const cosines = ours.map((vector, at) => vector.reduce((sum, x, i) => sum + x * theirs[at]![i]!, 0));
    return {
      data: { texts: texts.length, sides: sides.map(({ name, rates }) => ({ name, rates })), cosines },
      report: [
        `${texts.length} abstracts of Cranfield, the same ONNX file and tokenizer, two threads each, in turn; median of ${sides[0]!.rates.length}. Least cosine between the two sides' vectors: ${figure(Math.min(...cosines))}.`,
        markdownTable(
          ['', 'texts/s', 'ours to it'],
          sides.map((side) => [side.name, figure(rate(side)), figure(rate(sides[0]!) / rate(side))]),
        ),
      ].join('\n\n'),
      targets: [
        {
          what: "texts/s to fastembed's faster one",
          measured: rate(sides[0]!) / best,
          must: '>=',
          limit: 1.2,
          unit: '×',
        },
      ],
    };
  } finally {
    person.stop();
  }
}

export const embed: Bench = {
  name: 'embed',
  summary: 'texts made vectors, beside fastembed',
  isolated: false,
  async prepare({ build: wanted, progress }) {
    await installRetrievalPeers(progress);
    if (wanted) build('deb', ['nanite-rag', 'nanite-chroma', 'nanite-gateway', 'nanite-engine'], progress);
  },
  run: measure,
};
