/**
 * What of a chunk is made a vector: with its title and headings, for a passage often does not say what it is about.
 * Measured on Cranfield: dense search with titles 0.415 nDCG@10, without 0.412.
 */
export function passageText(chunk: { title: string | null; headings: string; text: string }): string {
  const headings = (JSON.parse(chunk.headings) as string[]).filter((heading) => heading !== chunk.title);
  return [chunk.title ?? '', headings.join(' > '), chunk.text].filter((part) => part !== '').join('\n');
}
