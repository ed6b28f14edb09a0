import type { Exception } from './exceptions';
import type { Report } from './results';

/** Between these lines of docs/api.md. */
export const begin =
  '<!-- clients: written by tests/contracts/clients/write-table, from dist/test-reports/clients.json -->';
export const end = '<!-- /clients -->';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A row for each client: its version, the features that worked, and when. Then what is known not to work. */
export function clientsTable({ results }: Report, exceptions: readonly Exception[]): string {
  const clients = [...new Set(results.map(({ client }) => client))].sort((a, b) => a.localeCompare(b, 'en'));
  const rows = clients.map((client) => {
    const own = results.filter((at) => at.client === client);
    const works = own.filter(({ ok }) => ok).map(({ feature }) => feature);
    const { version = '', date = '' } = own[0] ?? {};
    return `| ${cell(client)} | ${cell(version)} | ${works.length} of ${own.length} | ${cell(works.join('; '))} | ${date} |`;
  });
  const table = [
    '| client | version | works | features that work | tried |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
  if (exceptions.length === 0) return table.join('\n');
  const known = exceptions.map(
    ({ client, feature, reason, original }) =>
      `| ${cell(client)} | ${cell(feature)} | ${cell(reason)} | ${cell(original)} |`,
  );
  return [
    ...table,
    '',
    'What does not work:',
    '',
    '| client | feature | why | what its original does |',
    '| --- | --- | --- | --- |',
    ...known,
  ].join('\n');
}

/** The page with the table between its two markers. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the page has no lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}
