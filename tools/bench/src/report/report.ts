import type { Bench, BenchResult } from '../bench';
import type { Conditions } from '../machine/conditions';
import { targetTable } from './targets';

/** One bench's section for people. */
export function markdownReport(
  { name, summary }: Pick<Bench, 'name' | 'summary'>,
  where: Conditions,
  { report, targets }: BenchResult,
  quick: boolean,
  seconds: number,
): string {
  const gib = (where.memoryBytes / 2 ** 30).toFixed(0);
  return [
    `## ${name}: ${summary}`,
    `${where.date.slice(0, 16).replace('T', ' ')} UTC, ${where.cpus} × ${where.cpu}, ${gib} GiB, ${where.system}, Linux ${where.kernel}, Node ${where.node}; load average before ${where.loadBefore.toFixed(2)}; took ${seconds.toFixed(0)} s.`,
    ...(quick ? ['**A quick run: not for reporting.**'] : []),
    `    ${where.command}`,
    ...(targets.length > 0 ? [targetTable(targets)] : []),
    report,
    '',
  ].join('\n\n');
}
