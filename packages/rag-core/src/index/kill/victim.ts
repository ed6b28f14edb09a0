/**
 * A process that indexes a folder until it is killed. Says `begin` when it starts to. Arguments: index, folder of files, the
 * sandboxed program that reads files, its grammars.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '@nanite/kit';
import { createExtractor } from '../../extract';
import { openDatabase } from '../../store';
import { Collections } from '../collections';
import { Indexer } from '../indexer';
import { unrestrained } from '../parts';

const [folder = '', files = '', program = '', grammars = ''] = process.argv.slice(2);

const { database } = await openDatabase(join(folder, 'index.db'));
const collections = new Collections(database, join(folder, 'collections.json'));
await collections.put('victim', { roots: [files] });
const indexer = new Indexer({
  database,
  extractor: createExtractor({ program, grammars }),
  vectors: null,
  log: createLog(),
  restraint: () => Promise.resolve(unrestrained),
});
writeSync(1, 'begin\n');
indexer.start(await collections.list());
