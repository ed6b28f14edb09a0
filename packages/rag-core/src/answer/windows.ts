import { sentencesOf, type Sentence } from './sentences';
import { telling, tokensOf, type Token } from './tokens';

/** A passage as far as claims are checked against it. */
export interface Evidence {
  number: number;
  text: string;
  /** Title, headings and name of the file: they may name what the text only calls `it`. */
  context: string;
}

/** Words of a passage that may bear a claim out: one sentence, or two of which the second goes on about the first's subject. */
export interface Window {
  number: number;
  quote: string;
  /** All of its words in their order. */
  tokens: readonly Token[];
  /** Stems of the words that it is about, as often as they stand there, in their order. */
  order: readonly string[];
  stems: ReadonlySet<string>;
  /** Stems that stand before it in its passage, where it may have its subject from. */
  before: ReadonlySet<string>;
  /** Stems of the parts of it that deny something. */
  denied: ReadonlySet<string>;
}

/** What Markdown leaves at the beginning of a sentence: the end of bold type, the mark of a list, a bar of a table. */
const loneMarks = /^(?:[*_~>#|+-]+\s+)+/;

/** An entry of a list or a row of a table: it stands for itself, and says nothing about the next one. */
const isItem = (text: string): boolean => /^\s*(?:[-*+•|]|\d{1,3}[.)])\s/.test(text);
const isRow = (text: string): boolean => /^\s*\|/.test(text);

/** A sentence that begins so goes on about what the one before it speaks of. */
const goesOn =
  /^(?:it|its|they|their|this|these|he|his|she|her|there|er|sie|es|dies\w*|il|elle|ils|elles)\b/i;

const negation =
  /\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nicht|kein\w*|nie|ohne|pas|jamais|sans|nunca|sin)\b|n['’]t\b/i;

export const isNegated = (text: string): boolean => negation.test(text);

/** Where one part of a sentence ends, and what it denies. */
const joints = /[,;:()–—]|\b(?:but|and|or|unless|although|while|aber|und|oder|sondern|mais|et|ou)\b/i;

const deniedIn = (quote: string): Set<string> =>
  new Set(
    quote
      .split(joints)
      .filter(isNegated)
      .flatMap((part) => telling(tokensOf(part)).map(({ stem }) => stem)),
  );

/** Sentences of a passage, and pairs that belong together, as places where a claim may be borne out. */
export function windowsOf({ number, text }: Evidence): Window[] {
  const sentences = sentencesOf(text).filter(({ text: one }) => tokensOf(one).length > 0);
  const stems = sentences.map(({ text: one }) => telling(tokensOf(one)).map(({ stem }) => stem));
  return sentences.flatMap((sentence, at) => {
    const before = new Set(standingBefore(sentences, at).flatMap((which) => stems[which]!));
    const next = sentences[at + 1];
    const spans = [{ from: sentence.from, to: sentence.to }];
    // A pair of which one denies and the other affirms would bear out the contrary of each.
    if (
      next &&
      goesOn.test(next.text) &&
      !isItem(sentence.text) &&
      isNegated(sentence.text) === isNegated(next.text)
    ) {
      spans.push({ from: sentence.from, to: next.to });
    }
    return spans.map(({ from, to }) => {
      const quote = text.slice(from, to).replace(loneMarks, '');
      const tokens = tokensOf(quote);
      const order = telling(tokens).map(({ stem }) => stem);
      return { number, quote, tokens, order, stems: new Set(order), before, denied: deniedIn(quote) };
    });
  });
}

/** Sentences that may name the subject of this one: those before it, but of rows and entries only the head of its table. */
function standingBefore(sentences: readonly Sentence[], at: number): number[] {
  const head = headOf(sentences, at);
  const plain = [...sentences.keys()].filter((which) => which < at && !isItem(sentences[which]!.text));
  return head === null ? plain : [...plain, head];
}

/** The first row of the table in which a sentence is a later one. */
export function headOf(sentences: readonly Sentence[], at: number): number | null {
  let head = at;
  while (head > 0 && isRow(sentences[head]!.text) && isRow(sentences[head - 1]!.text)) head--;
  return head < at ? head : null;
}
