const quote = 0x22;
const backslash = 0x5c;

/** Opening and closing brackets of JSON, as bytes, and what each does to the depth. */
const step: Record<number, number> = { 0x5b: 1, 0x7b: 1, 0x5d: -1, 0x7d: -1 };

/**
 * Whether JSON text is nested deeper than a limit. Reading it would do; writing it again, and every reader behind us, recurses.
 *
 * @param bytes JSON in UTF-8, in which no byte of a longer character looks like a bracket
 */
export function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else {
      depth += step[byte] ?? 0;
      if (depth > limit) return true;
    }
  }
  return false;
}
