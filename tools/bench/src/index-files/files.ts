import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** mulberry32: the same files in every run. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const syllables = 'ka lo mi ter ran sol ven dar el is om ur pra ten gal ni so tu be ras'.split(' ');

/** The word of a rank: frequent ones are short, as in a language. */
const wordOf = (rank: number): string => {
  let word = '';
  for (let left = rank + 1; left > 0; left = Math.floor(left / syllables.length)) {
    word += syllables[left % syllables.length]!;
  }
  return word;
};

/**
 * Text files whose words are as unevenly frequent as those of a language (Zipf, 20,000 words) and whose lengths spread
 * as those of notes and mails do: half have less than 2 KB, one in twenty more than 12 KB.
 *
 * @returns bytes written
 */
export function writeFiles(folder: string, count: number): number {
  const random = randomOf(1);
  const words = Array.from({ length: 20_000 }, (_, rank) => wordOf(rank));
  const word = (): string => words[Math.floor(words.length ** random()) - 1] ?? words[0]!;
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const inside = join(folder, `folder${Math.floor(at / 100)}`);
    if (at % 100 === 0) mkdirSync(inside, { recursive: true });
    const length = Math.round(250 * Math.exp(1.2 * (random() + random() + random() - 1.5) * 2));
    const lines: string[] = [];
    for (let left = length; left > 0; left -= 12) {
      lines.push(Array.from({ length: Math.min(12, left) }, word).join(' '));
      if (random() < 0.15) lines.push('');
    }
    const text = `${lines.join('\n')}\n`;
    bytes += text.length;
    writeFileSync(join(inside, `note${at}.txt`), text);
  }
  return bytes;
}
