import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { clientsFolder } from './catalogue';

export const checkout = resolve(clientsFolder, '../../..');

const Plan = z.strictObject({ client: z.string(), version: z.string(), plan: z.array(z.string()) });
export const FeatureResult = z.strictObject({
  client: z.string(),
  version: z.string(),
  feature: z.string(),
  ok: z.boolean(),
  detail: z.string(),
});
export type FeatureResult = z.infer<typeof FeatureResult>;
const Line = z.union([Plan, FeatureResult]);

/**
 * What a client's program printed: a result for each feature that it had announced. One of which it said nothing more, for it
 * died before, did not work.
 */
export function readResults(printed: string, end: string): FeatureResult[] {
  const plans: Array<z.infer<typeof Plan>> = [];
  const results: FeatureResult[] = [];
  for (const text of printed.split('\n')) {
    // Clients may print what they like between the lines that are ours.
    if (!text.startsWith('{"client":') && !text.startsWith('{"client": ')) continue;
    const line = Line.parse(JSON.parse(text));
    if ('plan' in line) plans.push(line);
    else results.push(line);
  }
  const found = (client: string, feature: string) =>
    results.find((at) => at.client === client && at.feature === feature);
  return plans.flatMap(({ client, version, plan }) =>
    plan.map(
      (feature) =>
        found(client, feature) ?? {
          client,
          version,
          feature,
          ok: false,
          detail: `the program ended before: ${end}`,
        },
    ),
  );
}

const Report = z.strictObject({
  date: z.string(),
  results: z.array(FeatureResult.extend({ date: z.string() })),
});
export type Report = z.infer<typeof Report>;
export const reportPath = (name = 'clients'): string => resolve(checkout, `dist/test-reports/${name}.json`);

export function readReport(path = reportPath()): Report {
  try {
    return Report.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return { date: '', results: [] };
  }
}

/** Put these results into the report, in the place of what it says of the same clients. */
export function keepResults(results: FeatureResult[], path = reportPath()): void {
  const date = new Date().toISOString().slice(0, 10);
  const clients = new Set(results.map(({ client }) => client));
  const others = readReport(path).results.filter(({ client }) => !clients.has(client));
  mkdirSync(dirname(path), { recursive: true });
  const all = [...others, ...results.map((result) => ({ ...result, date }))];
  writeFileSync(path, `${JSON.stringify({ date, results: all }, null, 1)}\n`);
}
