import { readFileSync } from 'node:fs';
import { keepResults, readResults } from './results';

/** `keep.ts FILE…`: put what `against` printed into the report that the table in docs/api.md is written from. */
for (const file of process.argv.slice(2)) keepResults(readResults(readFileSync(file, 'utf8'), file));
