import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import type { Chunk } from '../chunk/chunk';
import { CannotExtract } from '../extract/cannot-extract';
import type { Passages } from '../chunk';
import type { Block, Extracted } from '../extract/extracted';
import type { Extractor } from '../extract/extractor';
import { openDatabase, type Database } from '../store';
import { Collections } from './collections';
import { Indexer } from './indexer';
import { unrestrained, type IndexParts } from './parts';

/** Plain text, a block a paragraph; what begins with `!` cannot be extracted. For tests of what lies around it. */
export class PlainExtractor implements Extractor {
  /** Paths that were extracted, in order. */
  readonly read: string[] = [];

  extract(file: Parameters<Extractor['extract']>[0]): Promise<Extracted> {
    this.read.push(file.path.toString());
    const text = readFileSync(file.path, 'utf8');
    if (text.startsWith('!')) return Promise.reject(new CannotExtract('damaged', text.slice(1).trim()));
    return Promise.resolve({
      type: file.type,
      title: null,
      language: null,
      warnings: [],
      blocks: text
        .split('\n\n')
        .filter((part) => part.trim() !== '')
        .map((part) => ({
          text: part,
          headings: [],
          place: { kind: 'whole' },
          bytes: null,
          kind: 'prose',
          symbol: null,
        })),
    });
  }

  async passages(file: Parameters<Extractor['extract']>[0]): Promise<Passages> {
    const { blocks, ...facts } = await this.extract(file);
    return { ...facts, chunks: plainChunks(blocks) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const plainChunks = (blocks: readonly Block[]): Chunk[] =>
  blocks.map((block, ordinal) => ({
    ordinal,
    text: block.text,
    headings: block.headings,
    place: block.place,
    bytes: block.bytes,
    kind: block.kind,
    symbol: block.symbol,
    hash: createHash('sha256').update(block.text).digest('hex'),
  }));

/** An index of its own in a temporary folder, and a folder of files to index. */
export class TestIndex {
  readonly folder = mkdtempSync(join(tmpdir(), 'nanite-index-'));
  readonly files: string;
  readonly extractor = new PlainExtractor();
  database!: Database;
  collections!: Collections;
  indexer!: Indexer;

  /** @param files folder of files to index; one of its own where there is none */
  constructor(files?: string) {
    this.files = files ?? join(this.folder, 'files');
  }

  async open(more: Partial<IndexParts> = {}): Promise<this> {
    mkdirSync(this.files, { recursive: true });
    const { database } = await openDatabase(join(this.folder, 'index.db'));
    this.database = database;
    this.collections = new Collections(database, join(this.folder, 'collections.json'));
    this.indexer = new Indexer({
      database,
      extractor: this.extractor,
      vectors: null,
      log: createLog(() => undefined),
      restraint: () => Promise.resolve(unrestrained),
      ...more,
    });
    this.indexer.start(await this.collections.list());
    return this;
  }

  async put(
    name: string,
    request: Parameters<Collections['put']>[1] = { roots: [this.files] },
  ): Promise<void> {
    await this.collections.put(name, request);
    this.indexer.set(await this.collections.list());
  }

  /** Wait until the index is as told. */
  async until(condition: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Wait until nothing is left to do. */
  settled(): Promise<void> {
    return this.until(() => this.indexer.settled);
  }

  /** Names of the files that hold a word, below the folder of files. */
  async having(word: string): Promise<string[]> {
    const rows = await this.database.all<{ path: Buffer }>(
      `SELECT DISTINCT files.path FROM chunks_fts JOIN chunks ON chunks.id = chunks_fts.rowid
         JOIN files ON files.id = chunks.file WHERE chunks_fts MATCH ?`,
      word,
    );
    return rows.map(({ path }) => path.toString().slice(this.files.length + 1)).sort();
  }

  async close(): Promise<void> {
    await this.indexer.close();
    await this.database.close();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
