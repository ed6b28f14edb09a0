import { stemOf, wordsOf } from '../words/stems';

const setOf = (text: string): ReadonlySet<string> => new Set(wordsOf(text).map(stemOf));

/**
 * Verbs that say little, with their irregular forms, and what only tells the kind of an answer: `which day`, `how many
 * litres`. A source says the same with others, so that no answer hangs on them. What a question is about is never among
 * them.
 */
const light = setOf(`
  add adds allow answer apply arrive ask become became begin began begun belong born break bring brought build built buy bought call
  carry cause change charge choose chose chosen come came consist contain contact cost cover create deal decide define describe
  determine do does did done draw drew drawn earn end ends enter exist expect expire explain fall fell fill find found finish fit
  follow get got gets give gave given go goes went gone grow grew grown handle happen has held help hold include increase involve keep
  kept know knew known last lead led leave left let lie list live lives locate look lose lost made make mean meant measure meet met mention
  move need needed note offer open order owe own owns pay paid pays place plan play possible provide publish put raise reach read receive
  refer release remain replace require return rise rose risen run ran runs said say says see seen sell sold send sent serve set show shown
  sign speak spoke spend spent stand stood start started starts state stay stays stop store take taken takes took tell told think thought
  throw try turn use used uses visit wait want wear weigh weighs win won work works write wrote written
  age amount colour color date day days degree euro dollar figure gram height hour how kg kilo kilometre kilometer km kind length litre liter
  metre meter minute month much name number people percent person place price second size sort sum thing time total type unit value
  week weight what when where which who whose why width year
  actual actually according aim anybody anyone anything currently detail details else everything example exact exactly fact general
  give information might overall please short summary summarise summarize tell today usual usually version
  may must shall should would could can will want wish
  january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday
  januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag
  betragen beginnt beginnen bekommen dauert dauern enden endet erhalten findet geben gehört gibt gilt heißt heissen kosten kostet lang
  lange läuft liegt machen nennen steht tag tage monat jahr uhr datum wann wer wem wessen wo wie viel viele groß hoch name nummer preis zahl
  âge année combien commence coûte coûter date dure durer finit jour mois nom nombre numéro prix quand quel quelle quels quelles taille
`);

const nounsToo = setOf(`
  store state place order offer plan deal change charge cause note work play visit wait show move lead list run set stand call cover raise return
  sign help exhibit light
`);

/** Whether a light word may be a thing as well: `does it store` and `the store`. */
export const isNounToo = (stem: string): boolean => nounsToo.has(stem);

/** Whether a stem tells how something is said and not of what. */
export const isLight = (stem: string): boolean => light.has(stem);

const units = setOf(`
  second minute hour day week month year gram g kg kilo kilogram ton litre liter l ml metre meter m km cm mm kilometre kilometer mile euro dollar pound cent
  percent degree kw watt volt db hz bit byte kb mb gb tb kib mib gib bar token tag tage stunde minute sekunde woche monat jahr prozent grad
  jour mois heure semaine
`);

/** Whether a stem is what numbers count: `24 months` are not `24 days`. */
export const isUnit = (stem: string): boolean => units.has(stem);

const opposites = [
  ['begin began begun start starts open opens', 'end ends finish expire close closes closed stop'],
  ['buy bought', 'sell sold'],
  ['rise rose risen increase grow', 'fall fell fallen decrease shrink'],
  ['arrive', 'leave left depart'],
  ['win won', 'lose lost'],
  ['send sent', 'receive'],
  ['first', 'last'],
  ['minimum min least', 'maximum max most'],
  ['enable enabled', 'disable disabled'],
  ['add added', 'remove removed'],
  ['import', 'export'],
  ['oldest', 'youngest'],
].map((sides) => sides.map(setOf));

/** Whether one text says the contrary of another, as far as the verbs and measures tell that are opposites of each other. */
export const isContrary = (stems: Iterable<string>, quote: ReadonlySet<string>): boolean => {
  const said = [...stems];
  return opposites.some((sides) =>
    [0, 1].some((side) => {
      const [mine, other] = [sides[side]!, sides[1 - side]!];
      const stands = (those: ReadonlySet<string>) => [...those].some((stem) => quote.has(stem));
      return said.some((stem) => mine.has(stem)) && stands(other) && !stands(mine);
    }),
  );
};

/** What models write about their sources rather than out of them: `The answer is 4`, `The report says so`. */
const aboutSources = setOf(
  'answer question source document text passage file report context information following above sentence paragraph statement',
);

export const isAboutSources = (stem: string): boolean => aboutSources.has(stem);

const families = [
  ...[
    'apartment flat',
    'app application',
    'admin administrator',
    'automobile car',
    'bill invoice',
    'centre center',
  ],
  ...[
    'child children kid',
    'company firm',
    'computer pc',
    'config configuration',
    'database db',
    'doc documentation',
  ],
  ...[
    'doctor dr physician',
    'email mail',
    'holiday vacation',
    'image photo photograph picture',
    'licence license',
  ],
  ...[
    'man men',
    'max maximum',
    'min minimum',
    'mobile phone telephone',
    'organise organize',
    'repo repository',
  ],
  ...['salary wage', 'television tv', 'woman women', 'programme program', 'tyre tire'],
].map((words) => words.split(' ').map(stemOf));

const familyOf = new Map(families.flatMap((family) => family.map((stem) => [stem, family] as const)));

/** Endings between words of one family whose stems differ: `deliver` and `deliveri`, `pay` and `payment`. */
const endings = ['i', 'y', 'eri', 'ment', 'ation', 'ion', 'ance', 'ence', 'al'];
const leastShared = 5;

/** Stems that say the same as this one, itself included. */
export function sameAs(stem: string, other: string): boolean {
  if (stem === other || familyOf.get(stem)?.includes(other)) return true;
  const [short, long] = stem.length < other.length ? [stem, other] : [other, stem];
  return short.length >= leastShared && long.startsWith(short) && endings.includes(long.slice(short.length));
}

/** Numbers that are written as words. `one` is as often a pronoun. */
const numerals = new Map(
  'two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, at) => [word, String(at + 2)]),
);

/** A number in one spelling: `1,400` is `1400`, `two` is `2`; null for what is none. */
export function numberOf(word: string): string | null {
  const numeral = numerals.get(word);
  if (numeral !== undefined) return numeral;
  return /^\p{N}/u.test(word) ? word.replace(/(?<=^\p{N}+)[,.](?=\p{N}{3}(?:\D|$))/gu, '') : null;
}
