import { formatCitation, parseCitation, type Passage } from '@nanite/contracts';

/**
 * Address of words of a passage: the passage's, narrowed down to their lines where its text is those lines of the file
 * and nothing else (a table that was cut has its header row repeated, and is not).
 */
export function addressOf(
  { uri, text, place }: Pick<Passage, 'uri' | 'text' | 'place'>,
  quote: string,
): string {
  const citation = parseCitation(uri);
  const at = text.indexOf(quote);
  if (citation === null || place.kind !== 'lines' || at < 0) return uri;
  if (linesOf(text.trimEnd()) !== place.to - place.from + 1) return uri;
  const from = place.from + linesOf(text.slice(0, at)) - 1;
  return formatCitation({ ...citation, place: { kind: 'lines', from, to: from + linesOf(quote) - 1 } });
}

const linesOf = (text: string): number => text.split(/\r\n|\n|\r/).length;
