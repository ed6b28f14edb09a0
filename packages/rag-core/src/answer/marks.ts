/** `[1]`, `[1, 2]`, `[1-3]`, `[Source 2]`, `【3】`: what models write for a citation. */
const mark =
  /\s*(?:\[|【)\s*(?:sources?|passages?|quelle|document|doc)?\s*#?([1-9]\d{0,2}(?:\s*(?:,|;|and|&|-|–)\s*(?:source\s*)?#?\d{1,3})*)\s*(?:†[^\]】]*)?(?:\]|】)/giu;

export interface Marked {
  /** The sentence without its marks. */
  text: string;
  /** Numbers that it cites, each once, in their order; whether such sources exist is not asked here. */
  numbers: number[];
}

/** Fences of quotations and of code: they belong to the prompt, and models copy them. */
const fences = /"{3,}|`{3,}\w*|~{3,}/g;

/** Take the marks of citations out of a sentence, and what is left of the prompt's form or of Markdown at its beginning. */
export function readMarks(sentence: string): Marked {
  const numbers = new Set<number>();
  const text = sentence
    .replace(mark, (_whole, list: string) => {
      for (const part of list.split(/,|;|and|&/)) {
        const [from, to = from] = part
          .split(/-|–/)
          .map((number) => Number(/\d+/.exec(number)?.[0] ?? Number.NaN));
        // A range beyond a hundred is not a citation; what it names is refused by who looks the sources up.
        for (let number = from!; number <= Math.min(to!, from! + 100); number++) numbers.add(number);
      }
      return '';
    })
    .replace(/\s+([.,;:!?])/g, '$1')
    .replace(fences, ' ')
    .replace(/^(?:\s*(?:[*+>#-]+|\d{1,2}[.)])\s+)+/, '')
    .trim();
  return { text: /[\p{L}\p{N}]/u.test(text) ? text : '', numbers: [...numbers] };
}
