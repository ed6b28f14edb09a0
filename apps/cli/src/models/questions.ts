/** What a model is asked before it is made current, and how a right answer is known. */
export interface Question {
  text: string;
  right: RegExp;
}

/** For models that talk: what the smallest know, and following an instruction, and reading. */
export const chatQuestions: readonly Question[] = [
  { text: 'What is the capital of France? Answer with one word.', right: /\bparis\b/i },
  { text: 'What is 2 + 3? Answer with the number only.', right: /\b(5|five)\b/i },
  { text: 'Which day comes after Monday? Answer with one word.', right: /\btuesday\b/i },
  { text: 'Repeat this word and write nothing else: banana', right: /\bbanana\b/i },
  {
    text: 'The train to Oslo leaves at 14:20 from platform 3. When does the train leave?',
    right: /\b14[:.]20\b|\b2[:.]20\s*p/i,
  },
  { text: 'What is the opposite of hot? Answer with one word.', right: /\b(cold|cool)\b/i },
];

/** For models that only go on with a text. */
export const completionQuestions: readonly Question[] = [
  { text: 'The capital of France is', right: /\bparis\b/i },
  { text: '1, 2, 3, 4, 5, 6,', right: /\b7\b/ },
  { text: 'Monday, Tuesday, Wednesday,', right: /\bthursday\b/i },
  { text: 'The opposite of hot is', right: /\bcold\b/i },
  { text: 'red apple, red apple, red apple, red', right: /\bapple\b/i },
  { text: 'A B C D E F', right: /\bG\b/ },
];

/** Answered at length, for the speed. */
export const longQuestion = 'Write a few sentences about the sea.';

/** For models that embed: the first two mean the same, the third does not. */
export const likeness: ReadonlyArray<readonly [string, string, string]> = [
  ['The cat sleeps on the sofa.', 'A kitten is napping on the couch.', 'The invoice is due on Friday.'],
  ['How do I install a printer?', 'Setting up a printing device', 'A recipe for bread with rye'],
  ['The company made a large profit.', 'Earnings of the firm were high.', 'It will rain in the mountains.'],
];

/** For models that put texts in order: the first one answers, the others do not. */
export const rankings: ReadonlyArray<{ query: string; documents: readonly [string, ...string[]] }> = [
  {
    query: 'What is the capital of France?',
    documents: [
      'Paris is the capital of France.',
      'Bread is baked from flour, water and salt.',
      'The invoice is due on Friday.',
      'A printer needs paper and ink.',
    ],
  },
  {
    query: 'How do I install a printer?',
    documents: [
      'To install the printer, connect it and choose it in the settings.',
      'The mountains are covered with snow in winter.',
      'Paris is the capital of France.',
      'The cat sleeps on the sofa.',
    ],
  },
  {
    query: 'When does the train to Oslo leave?',
    documents: [
      'The train to Oslo leaves at 14:20 from platform 3.',
      'The cat sleeps on the sofa.',
      'To install the printer, connect it and choose it in the settings.',
      'Earnings of the firm were high.',
    ],
  },
];

/**
 * Why a text is not language at all; null where it may be some. Wrong answers are another matter.
 *
 * @param answers all that a model said
 */
export function whyRubbish(answers: readonly string[]): string | null {
  const text = answers.join(' ').trim();
  if (text === '') return 'its answers are empty';
  const broken = [...text].filter((sign) => /[\uFFFD\p{Cc}\p{Co}\p{Cn}]/u.test(sign) && !/\s/.test(sign));
  if (broken.length > text.length / 10) return 'its answers are not readable text';
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return 'its answers have no words';
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  if (words.length >= 20 && most !== undefined && most[1] > words.length * 0.6) {
    return `it only repeats “${most[0].slice(0, 20)}”`;
  }
  return null;
}
