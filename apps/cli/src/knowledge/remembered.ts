import { mkdirSync, readFileSync } from 'node:fs';
import { NaniteError, userStateDir, writeAtomically } from '@nanite/kit';
import { z } from 'zod';

const Remembered = z.object({ citations: z.record(z.string(), z.string()) });

const path = (): string => `${userStateDir()}/citations.json`;

/**
 * Keep the addresses of what was just shown under their numbers, for `nanite open 2`. What cannot be written is no
 * reason to fail: the addresses can be opened too.
 *
 * @param citations addresses by number
 */
export function rememberCitations(citations: ReadonlyMap<number, string>): void {
  try {
    mkdirSync(userStateDir(), { recursive: true, mode: 0o700 });
    writeAtomically(path(), `${JSON.stringify({ citations: Object.fromEntries(citations) })}\n`, 0o600);
  } catch (error) {
    if (process.env['NANITE_DEBUG']) process.stderr.write(`nanite: ${String(error)}\n`);
  }
}

/** Addresses by number of what was shown last; none where nothing was. */
export function rememberedCitations(): Record<string, string> {
  try {
    return Remembered.parse(JSON.parse(readFileSync(path(), 'utf8'))).citations;
  } catch {
    return {};
  }
}

/** @throws NaniteError `usage` where nothing was shown under that number */
export function rememberedCitation(number: string): string {
  const found = rememberedCitations()[number];
  if (found !== undefined) return found;
  throw new NaniteError('usage', `there is no result number ${number}`, {
    hint: 'numbers refer to your last search or answer; a citation (file:///…#L3) can be opened too',
  });
}
