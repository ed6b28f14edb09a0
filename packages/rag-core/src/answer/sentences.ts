/** A sentence, and where it stands in the text that it was cut from: `text.slice(from, to)`. */
export interface Sentence {
  text: string;
  from: number;
  to: number;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/** What ends a piece whatever the sentence: an empty line, and the end of a line that begins a list, heading or row. */
const breaks = /\n\s*\n|\n(?=\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6}|\|)\s)/g;

/**
 * Sentences of a text by the rules of Unicode (UAX 29), white space around them left out. Lines of lists and tables are
 * sentences of their own, lines that a PDF broke are not.
 */
export function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  // UAX 29 ends a sentence at each end of a line; files break lines inside of sentences.
  const lines = text.replace(/[\n\r\u0085\u2028\u2029]/g, ' ');
  const piece = (end: number) => {
    for (const { segment, index } of segmenter.segment(lines.slice(start, end))) {
      const lead = segment.length - segment.trimStart().length;
      const from = start + index + lead;
      const to = from + segment.trim().length;
      if (to > from) sentences.push({ text: text.slice(from, to), from, to });
    }
    start = end;
  };
  for (const found of text.matchAll(breaks)) piece(found.index);
  piece(text.length);
  return abbreviationsJoined(text, sentences);
}

/** `e.g. this`, `Fig. 3`, `Dr. Who`: UAX 29 ends a sentence at the dot where a capital or a digit follows. */
const abbreviation =
  /(?:^|[\s(])(?:[A-Z]|e\.g|i\.e|cf|vs|approx|etc|Dr|Mr|Mrs|Ms|Prof|Fig|Figs|Eq|Sec|No|Nr|St|Vol|pp?)\.$/;

function abbreviationsJoined(text: string, sentences: Sentence[]): Sentence[] {
  const joined: Sentence[] = [];
  for (const sentence of sentences) {
    const before = joined.at(-1);
    const apart = before && text.slice(before.to, sentence.from);
    if (before && abbreviation.test(before.text) && !/\n\s*\n/.test(apart!)) {
      joined[joined.length - 1] = {
        text: text.slice(before.from, sentence.to),
        from: before.from,
        to: sentence.to,
      };
    } else {
      joined.push(sentence);
    }
  }
  return joined;
}

/** Marks of citations that a model writes behind the full stop, and belong to the sentence before. */
const onlyMarks = /^(?:\s*(?:\[[^\][]{1,24}\]|【[^】]{1,24}】))+[.,;]?/;

/** A mark whose end has not come yet. */
const beginsMark = /^(?:\[[^\]]{0,24}|【[^】]{0,24})$/;

/**
 * Sentences of a text that arrives in pieces, each as soon as it is sure to have ended.
 *
 * A sentence is sure to have ended only when the next has begun with something other than a citation.
 */
export class SentenceStream {
  private text = '';

  /** @returns the sentences that this piece made complete */
  add(piece: string): string[] {
    this.text += piece;
    return this.cut(false);
  }

  /** @returns what is left */
  end(): string[] {
    return this.cut(true);
  }

  private cut(all: boolean): string[] {
    const found = withMarks(this.text, sentencesOf(this.text));
    const open = beginsMark.test(found.at(-1)?.text ?? '');
    const whole = all ? found : found.slice(0, open ? -2 : -1);
    const last = whole.at(-1);
    if (last) this.text = this.text.slice(last.to);
    return whole.map(({ text }) => text);
  }
}

function withMarks(text: string, sentences: Sentence[]): Sentence[] {
  const result: Sentence[] = [];
  for (let sentence of sentences) {
    const before = result.at(-1);
    const marks = before && onlyMarks.exec(sentence.text);
    if (before && marks) {
      const to = sentence.from + marks[0].length;
      result[result.length - 1] = { text: text.slice(before.from, to), from: before.from, to };
      const rest = text.slice(to, sentence.to);
      const words = rest.trim();
      if (words === '') continue;
      const from = to + rest.length - rest.trimStart().length;
      sentence = { text: words, from, to: sentence.to };
    }
    result.push(sentence);
  }
  return result;
}
