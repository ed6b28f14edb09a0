import { InvalidArgumentError } from 'commander';

/** Parsers of option values. What they throw becomes a usage error that names the option. */

export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || text.trim() === '' || value < low || value > high) {
      const upTo = high === Number.MAX_SAFE_INTEGER ? ' or more' : ` to ${high}`;
      throw new InvalidArgumentError(`It takes a whole number, ${low}${upTo}.`);
    }
    return value;
  };
}

export function number(low: number, high: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || text.trim() === '' || value < low || value > high) {
      throw new InvalidArgumentError(`It takes a number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** A name; `-m ""` of a script whose variable is empty is a mistake, not a wish for the default. */
export function modelName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It takes the name of a model.');
  return text;
}

/** `10m`, `1h30m`, seconds, or -1 for ever. */
export function keepAlive(text: string): string | number {
  if (/^-?\d+$/.test(text)) return Number(text);
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It takes a duration such as 30s, 10m or 1h; 0 for not at all, -1 for ever.',
  );
}

export const collect = (value: string, before: string[]): string[] => [...before, value];
