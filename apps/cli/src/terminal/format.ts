const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `98 MiB`, `1.3 GiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A digest in full fills no screen; it is in --json. */
export const withoutLongDigests = (text: string): string =>
  text.replaceAll(/(sha256[:-][0-9a-f]{12})[0-9a-f]{52}/g, '$1…');

/** `1 file`, `3 files`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** `in 4 min`, `3 h ago`, `just now`: the time of an RFC 3339 stamp seen from `now` (milliseconds since 1970). */
export function relativeTime(stamp: string, now: number): string {
  const seconds = Math.round((Date.parse(stamp) - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return seconds > 0 ? 'now' : 'just now';
  const text =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.round(size / 60)} min`
        : size < 86_400
          ? `${Math.round(size / 3600)} h`
          : size < 60 * 86_400
            ? `${Math.round(size / 86_400)} d`
            : size < 730 * 86_400
              ? `${Math.round(size / 2_629_800)} months`
              : `${Math.round(size / 31_557_600)} years`;
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}
