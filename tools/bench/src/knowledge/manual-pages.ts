import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { run } from '../machine/children';

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

interface Page {
  id: string;
  /** What the page is for, of its NAME line. */
  purpose: string;
  text: string;
}

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

function pageOf(id: string, text: string): Page | null {
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
    : { id, purpose, text: body };
}

const order = (id: string) => createHash('sha256').update(id).digest('hex');

/**
 * Write a collection of real documentation as a BEIR folder: manual pages without their NAME and SYNOPSIS, cut at 1,000
 * characters; each page's purpose is the question that it answers. Which pages: the first by a hash of their names, so that
 * no subject is preferred and the choice stays.
 *
 * @returns pages written
 */
export async function manualPages(language: ManualLanguage, folder: string, most: number): Promise<number> {
  const { packages, folder: within } = languages[language];
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], {
    cwd: unpacked,
    within: 300_000,
  });
  for (const deb of readdirSync(unpacked).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', join(unpacked, deb), unpacked]);
  }
  const root = join(unpacked, within);
  const files = readdirSync(root)
    .filter((name) => /^man[1-8]$/.test(name))
    .flatMap((section) => readdirSync(join(root, section)).map((name) => join(section, name)))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const pages: Page[] = [];
  const purposes = new Set<string>();
  for (const file of files) {
    const text = await plain(join(root, file));
    const page = text === null ? null : pageOf(file.replace(/^man\d\//, '').replace(/\.gz$/, ''), text);
    // Two pages of one purpose would make one of them a wrong answer to its own question.
    if (page === null || purposes.has(page.purpose)) continue;
    purposes.add(page.purpose);
    pages.push(page);
    if (pages.length === most) break;
  }
  const lines = (values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  writeFileSync(
    join(folder, 'corpus.jsonl'),
    lines(pages.map(({ id, text }) => ({ _id: id, title: '', text }))),
  );
  writeFileSync(
    join(folder, 'queries.jsonl'),
    lines(pages.map(({ id, purpose }) => ({ _id: id, text: purpose }))),
  );
  writeFileSync(
    join(folder, 'qrels/test.tsv'),
    `query-id\tcorpus-id\tscore\n${pages.map(({ id }) => `${id}\t${id}\t1\n`).join('')}`,
  );
  return pages.length;
}
