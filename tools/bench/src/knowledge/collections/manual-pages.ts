import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run } from '../../machine/children';
import { collectionOf, inChanceOrder, type Collection, type Pair } from './collection';
import { unpacked } from './packages';

/** Manual pages of one language: the packages of Debian that hold them, and where in these. */
const languages = {
  en: {
    packages: [
      'manpages',
      'coreutils',
      'util-linux',
      'git-man',
      'systemd',
      'apt',
      'dpkg',
      'findutils',
      'bash',
    ],
    folder: 'usr/share/man',
  },
  de: { packages: ['manpages-de'], folder: 'usr/share/man/de' },
  fr: { packages: ['manpages-fr'], folder: 'usr/share/man/fr' },
} as const;

export type ManualLanguage = keyof typeof languages;

/** The sections that tell what a page is called and how it is written: what a question is made of must not stand in the text. */
const leftOut = /^(NAME|NOM|BEZEICHNUNG|SYNOPSIS|ÜBERSICHT|SYNTAX|ÜBERSETZUNG|TRADUCTION)$/i;

/** A page as plain text, with lines as long as paragraphs; a page that only includes another one is none. */
async function plain(path: string): Promise<string | null> {
  const source = (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString(
    'utf8',
  );
  if (/^\.so /m.test(source.slice(0, 200))) return null;
  const options = ['-K', 'utf8', '-mandoc', '-t', '-Tutf8', '-rLL=20000n', '-rHY=0', '-P-cbou'];
  return run('groff', options, { input: source });
}

/** Sections begin at the margin, their text does not. */
function sections(text: string): Array<{ heading: string; text: string }> {
  const found: Array<{ heading: string; text: string }> = [];
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) found.push({ heading: line.trim(), text: '' });
    else if (found.length > 0) found.at(-1)!.text += `${line.trim()}\n`;
  }
  return found;
}

function pageOf(id: string, text: string): Pair | null {
  // The first and the last line at the margin are the header and the footer.
  const [, name, ...rest] = sections(text).slice(0, -1);
  if (name === undefined || !/^(NAME|NOM|BEZEICHNUNG)$/i.test(name.heading)) return null;
  const purpose = /\s[-–—]\s+(.+)/s.exec(name.text)?.[1]?.replaceAll(/\s+/g, ' ').trim();
  const body = rest
    .filter(({ heading }) => !leftOut.test(heading))
    .map(({ text: of }) => of)
    .join('\n')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 1000);
  return purpose === undefined || purpose.length < 12 || body.length < 300
    ? null
    : { id, question: purpose, text: body };
}

/**
 * A collection of real documentation: manual pages without their NAME and SYNOPSIS, cut at 1,000 characters; each page's
 * purpose is the question that it answers.
 */
export async function manualPages(
  language: ManualLanguage,
  folder: string,
  most: number,
): Promise<Collection> {
  const { packages, folder: within } = languages[language];
  await unpacked(packages, join(folder, 'unpacked'));
  const root = join(folder, 'unpacked', within);
  const files = inChanceOrder(
    readdirSync(root)
      .filter((name) => /^man[1-8]$/.test(name))
      .flatMap((section) => readdirSync(join(root, section)).map((name) => join(section, name))),
    (file) => file,
  );
  const pages: Pair[] = [];
  const purposes = new Set<string>();
  for (const file of files) {
    const text = await plain(join(root, file));
    const page = text === null ? null : pageOf(file.replace(/^man\d\//, '').replace(/\.gz$/, ''), text);
    if (page === null || purposes.has(page.question)) continue;
    purposes.add(page.question);
    pages.push(page);
    if (pages.length === most) break;
  }
  return collectionOf(pages);
}
