import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exceptions } from './exceptions';
import { checkout, readReport, reportPath } from './results';
import { clientsTable, withTable } from './table';

const report = readReport();
if (report.results.length === 0) {
  console.error(`${reportPath()} has no results: run make test and make test-clients first`);
  process.exit(1);
}
const page = join(checkout, 'docs/api.md');
writeFileSync(page, withTable(readFileSync(page, 'utf8'), clientsTable(report, exceptions)));
