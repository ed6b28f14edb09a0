import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { collectionOf, tidy, type Collection } from './collection';
import { unpacked } from './packages';

/** Debian's FAQ: a section whose heading asks, and the text below it. */
export async function frequentQuestions(folder: string): Promise<Collection> {
  const root = join(folder, 'unpacked');
  await unpacked(['debian-faq'], root);
  const file = join(root, 'usr/share/doc/debian/FAQ/debian-faq.en.txt.gz');
  const sections = gunzipSync(readFileSync(file))
    .toString('utf8')
    .split(/\n(?=\d+\.\d+(?:\.\d+)?\.\s)/)
    .slice(1);
  return collectionOf(
    sections.flatMap((section) => {
      const [heading, ...paragraphs] = section.split(/\n\s*\n/);
      const [, id, question] = /^(\S+)\.\s+(.*)$/s.exec(heading!)!;
      const text = tidy(paragraphs.join('\n'));
      return text.length < 100 ? [] : [{ id: id!, question: tidy(question!), text }];
    }),
  );
}
