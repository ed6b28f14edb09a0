import { figure, markdownTable } from './table';

/** A limit that an issue sets, and what was measured. */
export interface Target {
  what: string;
  measured: number;
  /** `<=`: no more than the limit; `>=`: no less. */
  must: '<=' | '>=';
  limit: number;
  unit: string;
}

export function isReached({ measured, must, limit }: Target): boolean {
  return must === '<=' ? measured <= limit : measured >= limit;
}

export function targetTable(targets: Target[]): string {
  return markdownTable(
    ['must reach', 'limit', 'measured', 'reached'],
    targets.map((target) => [
      target.what,
      `${target.must === '<=' ? '≤' : '≥'} ${target.limit} ${target.unit}`.trim(),
      `${figure(target.measured)} ${target.unit}`.trim(),
      isReached(target) ? 'yes' : '**no**',
    ]),
  );
}
