import { isLight, isNounToo, sameAs } from './light-words';
import { telling, tokensOf, type Token } from './tokens';
import type { Window } from './windows';

/** A word that a question hangs on. */
export interface Demand {
  stem: string;
  word: string;
  name: boolean;
  number: boolean;
  /** What stands right beside it in the question, across `of the`: stems. */
  before: string | null;
  after: string | null;
  /** It is one of several that are asked about together: a sentence about one of them will do. */
  oneOfSeveral: boolean;
}

/** What a question is about: its nouns, names and numbers, without the words that only ask. */
export interface Subject {
  demands: readonly Demand[];
  /** Stems of all of its words. */
  asked: ReadonlySet<string>;
  /** It asks for a person, a place or another thing that has a name. */
  asksForName: boolean;
}

/** `How long`, `how hot`: a measure, which a source gives without the word. */
const measured = /\bhow\s+(?!many\b|much\b)(\p{L}+)/giu;

/** `-ed` makes a verb, and a source may use another one: `replaced`, `mended`. */
const isPast = (word: string): boolean =>
  /^[a-z]{2,}[^e\W]ed$/.test(word) && word.length > 5 && word !== 'hundred';

/** Questions whose answer is a name. */
const forName = /\b(?:who|whom|whose|where|which|what|wer|wem|wessen|wo|qui|où|quel\w*)\b/i;

export function subjectOf(question: string): Subject {
  const measures = new Set([...question.matchAll(measured)].map(([, word]) => word!.toLowerCase()));
  const tokens = tokensOf(question);
  const light = (token: Token, at: number) =>
    isNounToo(token.stem)
      ? isVerb(tokens, at)
      : isLight(token.stem) || (isPast(token.word) && !describes(tokens[at + 1]));
  const wanted = (token: Token, at: number) =>
    telling([token]).length > 0 &&
    !measures.has(token.word) &&
    (token.number || token.name || !light(token, at));
  // `encrypted connections`, but `is changed every year`.
  const describes = (next: Token | undefined) =>
    next !== undefined && next.joined && telling([next]).length > 0 && !isLight(next.stem);
  const demands = new Map<string, Demand>();
  tokens.forEach((token, at) => {
    if (!wanted(token, at) || demands.has(token.stem)) return;
    const { stem, word, name, number } = token;
    demands.set(stem, {
      ...{ stem, word, name, number },
      before: neighbour(tokens, at, -1),
      after: neighbour(tokens, at, 1),
      oneOfSeveral: isJoined(tokens, at),
    });
  });
  return {
    demands: [...demands.values()],
    asked: new Set(telling(tokens).map(({ stem }) => stem)),
    asksForName: forName.test(question),
  };
}

const pronouns = new Set(
  'i you we they he she it to not who and or does do did can may must should will would could'.split(' '),
);

/** Whether a word that may be a noun is the verb: behind a pronoun or an auxiliary, or the last of its kind behind the subject. */
function isVerb(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before === undefined) return true;
  if (pronouns.has(before.word)) return true;
  const another = tokens
    .slice(at + 1)
    .some(({ stem, common }, after) => !common && isLight(stem) && tokens[at + after]?.common === false);
  return !before.common && !another && tokens[at + 1]?.word !== 'of';
}

const joining = new Set(['and', 'or', 'und', 'oder', 'et', 'ou']);
const articles = new Set([
  'the',
  'a',
  'an',
  'of',
  'my',
  'our',
  'your',
  'der',
  'die',
  'das',
  'des',
  'la',
  'le',
  'les',
  'du',
]);

/** Whether `and` or `or` stands between this word and another of its kind. */
function isJoined(tokens: readonly Token[], at: number): boolean {
  const across = (step: 1 | -1) => {
    let next = at + step;
    while (tokens[next] && articles.has(tokens[next]!.word)) next += step;
    return joining.has(tokens[next]?.word ?? '');
  };
  return across(1) || across(-1);
}

/** The telling word beside another, with nothing but `of` and articles between. */
function neighbour(tokens: readonly Token[], at: number, step: 1 | -1): string | null {
  let next = at + step;
  while (tokens[next] && articles.has(tokens[next]!.word)) next += step;
  const token = tokens[next];
  return token && !token.common && !isLight(token.stem) ? token.stem : null;
}

const has = (stems: Iterable<string>, stem: string): boolean => {
  for (const one of stems) if (sameAs(one, stem)) return true;
  return false;
};

/** Whether a word stands among some, in one of its forms. */
export const standsIn = (stem: string, stems: ReadonlySet<string>): boolean =>
  stems.has(stem) || has(stems, stem);

/** Words of a question that none of some texts has; of several that are asked about together, only where it has none of them. */
export function missingFrom({ demands }: Subject, texts: ReadonlyArray<ReadonlySet<string>>): Demand[] {
  const missing = demands.filter(({ stem }) => !texts.some((stems) => standsIn(stem, stems)));
  const oneIsThere = demands.some((demand) => demand.oneOfSeveral && !missing.includes(demand));
  return missing.filter(({ oneOfSeveral }) => !(oneOfSeveral && oneIsThere));
}

/**
 * Whether a sentence speaks of what a question is about: each of its words stands there, in the title or headings, or before it in
 * the passage, where a sentence has its subject from (`It ends in June`).
 *
 * A sentence that has something else where the question has the word speaks of something else: the lease *of the workshop* is not the
 * lease *of the office*, however often the passage mentions an office.
 */
export function speaksOf(window: Window, subject: Subject, context: ReadonlySet<string>): boolean {
  const lacking = subject.demands.filter(({ stem }) => {
    if (standsIn(stem, window.stems) || standsIn(stem, context)) return false;
    return true;
  });
  const unborne = lacking.filter(
    (demand) => !standsIn(demand.stem, window.before) || isOfAnother(window, demand, subject),
  );
  if (unborne.length === 0) return true;
  // Of several that are asked about together, one is enough.
  return (
    unborne.every(({ oneOfSeveral }) => oneOfSeveral) &&
    subject.demands.some((demand) => demand.oneOfSeveral && !unborne.includes(demand))
  );
}

/** Endings of adjectives, which say more about a thing instead of naming another. */
const adjective = /(?:al|ous|ive|ic|ful|less|able|ible|ed|ing|ly|est|ary|er)$/;
const plainAdjectives = new Set(
  'new old next last first great small large long short whole full high low same other own annual main'.split(
    ' ',
  ),
);

/** Whether the sentence has another word where the question has this one. */
function isOfAnother(window: Window, demand: Demand, { asked, asksForName }: Subject): boolean {
  const { tokens } = window;
  const isOther = ({ stem, common, number }: Token) =>
    !common && !number && !asked.has(stem) && !isLight(stem);
  if (demand.number) return tokens.some(({ number }) => number);
  if (demand.name && !asksForName && tokens.some((token) => token.name && isOther(token))) return true;
  return [demand.before, demand.after].some((beside) => {
    if (beside === null) return false;
    return tokens.some((token, at) => {
      if (token.stem !== beside) return false;
      const after =
        tokens[at + 1]?.word === 'of'
          ? tokens.slice(at + 2).find(({ word }) => !articles.has(word))
          : undefined;
      const next = tokens[at + 1];
      const named = next?.name === true && next.joined ? next : undefined;
      const ahead = token.joined ? tokens[at - 1] : undefined;
      return (
        (after !== undefined && isOther(after)) ||
        (named !== undefined && isOther(named)) ||
        (ahead !== undefined &&
          isOther(ahead) &&
          !adjective.test(ahead.word) &&
          !plainAdjectives.has(ahead.word))
      );
    });
  });
}
