import { NaniteError } from '@nanite/kit';

const units: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a keep_alive as Ollama's API writes it: a number of seconds, or a duration of Go such as `5m` or
 * `1h30m`. Negative: Infinity.
 *
 * @throws NaniteError 400 `invalid-request`
 */
export function keepAliveMs(value: number | string): number {
  if (typeof value === 'number') return value < 0 ? Infinity : value * 1000;
  const text = value.trim();
  if (/^-?\d+(\.\d+)?$/.test(text)) return keepAliveMs(Number(text));
  const match = /^([-+]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) {
    throw new NaniteError('invalid-request', `keep_alive: '${value}' is not a duration`, {
      status: 400,
      hint: 'such as "5m", "1h30m", 300 (seconds), -1 (for ever) or 0 (unload now)',
    });
  }
  if (match[1] === '-') return Infinity;
  let sum = 0;
  for (const [, number, unit] of (match[2] ?? '').matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(number) * (units[unit ?? ''] ?? 0);
  }
  return sum;
}
