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

/** `in 4 min`, `3 h ago`: the time of an RFC 3339 stamp seen from `now` (milliseconds since 1970). */
export function relativeTime(stamp: string, now: number): string {
  const seconds = Math.round((Date.parse(stamp) - now) / 1000);
  const size = Math.abs(seconds);
  const text =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.round(size / 60)} min`
        : size < 86_400
          ? `${Math.round(size / 3600)} h`
          : `${Math.round(size / 86_400)} d`;
  return seconds >= 0 ? `in ${text}` : `${text} ago`;
}
