import { formatParagraph, parseParagraphs } from './deb822';

/** A Release file of a suite, as far as we use it. */
export interface Release {
  suite: string;
  date: Date;
  /** Null: valid for ever. */
  validUntil: Date | null;
  architectures: string[];
  components: string[];
  /** Index files: path below dists/SUITE/, size in bytes, sha256. */
  files: Map<string, { size: number; sha256: string }>;
}

/** RFC 1123 date in UTC, as Release files have it. */
export const releaseDate = (date: Date): string => date.toUTCString().replace('GMT', 'UTC');

/** @throws Error where the text is not a Release file */
export function parseRelease(text: string): Release {
  const fields = parseParagraphs(text)[0];
  const date = fields?.get('Date');
  if (fields === undefined || date === undefined) throw new Error('no Release file: it has no Date');
  const files: Release['files'] = new Map();
  for (const line of (fields.get('SHA256') ?? '').split('\n')) {
    const [sha256, size, path] = line.trim().split(/\s+/);
    if (sha256 === undefined || size === undefined || path === undefined) continue;
    files.set(path, { size: Number(size), sha256 });
  }
  const until = fields.get('Valid-Until');
  return {
    suite: fields.get('Suite') ?? '',
    date: new Date(date),
    validUntil: until === undefined ? null : new Date(until),
    architectures: (fields.get('Architectures') ?? '').split(' ').filter(Boolean),
    components: (fields.get('Components') ?? '').split(' ').filter(Boolean),
    files,
  };
}

/** Text of a Release file (https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files). */
export function formatRelease(release: Release): string {
  const files = [...release.files].sort(([a], [b]) => (a < b ? -1 : 1));
  return formatParagraph([
    ['Origin', 'Nanite'],
    ['Label', 'Nanite'],
    ['Suite', release.suite],
    ['Codename', release.suite],
    ['Date', releaseDate(release.date)],
    ...(release.validUntil === null ? [] : ([['Valid-Until', releaseDate(release.validUntil)]] as const)),
    ['Acquire-By-Hash', 'yes'],
    // Packages for every architecture are in each architecture's index.
    ['No-Support-for-Architecture-all', 'Packages'],
    ['Architectures', release.architectures.join(' ')],
    ['Components', release.components.join(' ')],
    ['Description', 'Nanite packages for Debian 13 (trixie)'],
    // One hash, as strong as any: apt takes no weaker one, and looks for by-hash files under the strongest that is named.
    ['SHA256', files.map(([path, { sha256, size }]) => `\n${sha256} ${size} ${path}`).join('')],
  ]);
}
