import type { KnowledgeEvent, Passage, Quotation } from '@nanite/contracts';

export type AnswerEvent = Exclude<KnowledgeEvent, { event: 'error' }>;
export type AnswerText = Extract<AnswerEvent, { event: 'text' }>;

/** Numbers as people expect them: from 1, in the order in which sources are first cited. */
export class Sources {
  private readonly numbers = new Map<number, number>();

  /** @param passages in the order in which the model was given them, which is the number that its sentences are checked with */
  constructor(private readonly passages: readonly Passage[]) {}

  /** The sentence under these numbers, and before it what it is the first to cite. */
  *cite(text: AnswerText): Generator<AnswerEvent, void, void> {
    const citations: Quotation[] = [];
    for (const citation of text.citations) {
      let number = this.numbers.get(citation.number);
      if (number === undefined) {
        number = this.numbers.size + 1;
        this.numbers.set(citation.number, number);
        yield { event: 'source', number, passage: this.passages[citation.number - 1]! };
      }
      citations.push({ ...citation, number });
    }
    yield { ...text, citations };
  }
}
