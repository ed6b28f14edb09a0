import type { Hit, KnowledgeEvent } from '@nanite/contracts';
import { files, swapped, swappedQuestions, type SwappedQuestion } from '@nanite/evaluation/answers';
import { describe, expect, it } from 'vitest';
import { answerFrom, usualLimits, type AnswerParts } from './answer';

const paths = Object.keys(files);

/** Each file is one passage; the one that the question is about comes first, then two others, all of them sure. */
function hitsFor(file: string): Hit[] {
  const at = paths.indexOf(file);
  return [0, 1, 2].map((step) => {
    const path = paths[(at + step) % paths.length]!;
    return {
      passage: {
        id: (at + step) % paths.length,
        collection: 'files',
        path: `/files/${path}`,
        uri: `file:///files/${path}`,
        type: 'text',
        title: null,
        headings: [],
        place: { kind: 'whole' },
        symbol: null,
        text: files[path]!,
        modified: '2026-11-23T10:00:00Z',
      },
      score: 0.8,
      ranks: { sparse: step + 1, dense: step + 1, name: null },
      duplicates: [],
    };
  });
}

/** Sentences that a model says to a question, as they come out of the check. */
async function shown(
  file: string,
  question: string,
  says: string,
): Promise<Array<{ text: string; file: string }>> {
  const parts: AnswerParts = {
    retrieve: () => Promise.resolve({ hits: hitsFor(file), notes: [] }),
    // The easiest judge of meaning: everything means the same.
    embed: (texts) => Promise.resolve(texts.map(() => Float32Array.of(1))),
    model: () => Promise.resolve('any'),
    async *chat() {
      yield { message: { content: says } };
    },
  };
  const events: KnowledgeEvent[] = [];
  const wanted = { question, filter: {}, scope: 'all' as const, passages: 5, model: null };
  for await (const event of answerFrom(wanted, parts, usualLimits, new AbortController().signal))
    events.push(event);
  return events.flatMap((event) =>
    event.event === 'text' && !event.quoted ? [{ text: event.text, file: event.citations[0]!.uri }] : [],
  );
}

/** What models say to a question that no file answers: the falsehood, the truth about something else, and as little as they can. */
const wrongAnswers = ({ answer, value, swap }: SwappedQuestion): string[] => [
  swapped(answer, swap),
  answer,
  `It is ${value}.`,
  `The answer is ${value}.`,
  `${value}, as the report says.`,
];

/** Questions whose true answer the check refuses: `oven` stands in no recipe, which says `bake`. */
const refused = ['How hot is the oven for the loaves?'];

describe.each(swappedQuestions)('$question', (one) => {
  it.skipIf(refused.includes(one.question))('is answered, from the right file', async () => {
    expect(await shown(one.file, one.question, `${one.answer} [1]`)).toEqual([
      { text: one.answer, file: expect.stringContaining(`/${one.file}`) as string },
    ]);
  });

  it.each(wrongAnswers(one))(`not with ${one.swap[1]} for ${one.swap[0]}: %s`, async (says) => {
    const question = swapped(one.question, one.swap);
    expect(question).not.toBe(one.question);
    expect(await shown(one.file, question, says)).toEqual([]);
  });
});

it('refuses few true answers', () => {
  expect(swappedQuestions.length).toBeGreaterThanOrEqual(60);
  expect(refused.length / swappedQuestions.length).toBeLessThan(0.02);
});
