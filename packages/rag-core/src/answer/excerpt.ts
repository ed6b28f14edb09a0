import { sentencesOf } from './sentences';
import { standsIn, type Subject } from './subject';
import { stemsIn } from './support';
import { headOf } from './windows';

/** A passage without the sentences that a question does not need. */
export interface Excerpt {
  number: number;
  text: string;
}

/**
 * What of the passages a model reads: every token costs it time, and what is beside the question misleads a small one. The sentences with the
 * most words of the question, each with its neighbours and a row with the head of its table, until the room is used up; of a passage that
 * has none of the words its beginning, as far as there is room.
 *
 * @param passages best first
 * @param characters of all excerpts together
 */
export function excerptsOf(
  passages: ReadonlyArray<{ number: number; text: string }>,
  { demands, asked }: Subject,
  characters: number,
): Excerpt[] {
  const cut = passages.map(({ text }) => sentencesOf(text));
  const scored = cut.flatMap((sentences, which) =>
    sentences.map(({ text }, at) => {
      const stems = stemsIn(text);
      const words = [...asked].filter((stem) => standsIn(stem, stems)).length;
      const wanted = demands.filter(({ stem }) => standsIn(stem, stems)).length;
      return { which, at, score: words + wanted };
    }),
  );
  const chosen = cut.map(() => new Set<number>());
  let left = characters;
  const take = (which: number, at: number): boolean => {
    const sentence = cut[which]![at];
    if (!sentence || chosen[which]!.has(at)) return true;
    if (sentence.text.length > left) return false;
    left -= sentence.text.length + 1;
    chosen[which]!.add(at);
    return true;
  };
  // A stable sort: of sentences that are as good, those of the better passage come first.
  for (const { which, at, score } of scored.sort((one, other) => other.score - one.score)) {
    if (score === 0) break;
    const head = headOf(cut[which]!, at);
    if (!take(which, at) || left < leastRoom) break;
    for (const beside of head === null ? [at - 1, at + 1] : [head]) take(which, beside);
  }
  cut.forEach((sentences, which) => {
    if (which < wholeBeginnings && chosen[which]!.size === 0)
      for (const [at] of sentences.entries()) if (!take(which, at)) break;
  });
  return passages.flatMap(({ number, text }, which) => {
    const order = [...chosen[which]!].sort((one, other) => one - other);
    if (order.length === 0) return [];
    const parts = order.map((at, nth) => {
      const { from, to } = cut[which]![at]!;
      const last = order[nth - 1];
      const gap =
        last === undefined ? '' : last === at - 1 ? text.slice(cut[which]![last]!.to, from) : '\n…\n';
      return gap + text.slice(from, to);
    });
    return [{ number, text: parts.join('') }];
  });
}

/** Characters that a further sentence is worth looking for. */
const leastRoom = 80;

/** Passages whose beginning is shown where none of their words was asked for. */
const wholeBeginnings = 1;
