import wrapAnsi from 'wrap-ansi';
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date as debian/changelog wants it (RFC 5322), in UTC. @param seconds since 1970 */
export function changelogDate(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':');
  return `${days[at.getUTCDay()]}, ${two(at.getUTCDate())} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()} ${time} +0000`;
}

/** The versions of a CHANGELOG.md that changesets writes, newest first, each with its bullet points. */
export function parseChangesets(markdown: string): Array<{ version: string; changes: string[] }> {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      version: section.split('\n')[0]!.trim(),
      changes: [...section.matchAll(/^- (?:[0-9a-f]{7,}: )?(.+(?:\n {2,}.+)*)/gm)].map((match) =>
        match[1]!.replace(/\s+/g, ' ').trim(),
      ),
    }));
}

/** One entry of debian/changelog (deb-changelog(5)). */
export function changelogEntry(entry: {
  source: string;
  version: string;
  changes: string[];
  maintainer: string;
  seconds: number;
}): string {
  const bullets = entry.changes.map((change) => wrapAnsi(change, 74).replaceAll('\n', '\n    '));
  return [
    `${entry.source} (${entry.version}) trixie; urgency=medium`,
    '',
    ...bullets.map((text) => `  * ${text}`),
    '',
    ` -- ${entry.maintainer}  ${changelogDate(entry.seconds)}`,
    '',
  ].join('\n');
}

/** debian/changelog of a package: the versions changesets recorded, or a first entry where there is none yet. */
export function debianChangelog(options: {
  source: string;
  version: string;
  maintainer: string;
  markdown: string | null;
  dateOf: (version: string) => number;
}): string {
  const recorded = options.markdown === null ? [] : parseChangesets(options.markdown);
  const entries = recorded.some((entry) => entry.version === options.version)
    ? recorded
    : [{ version: options.version, changes: ['Initial release.'] }, ...recorded];
  return entries
    .map(({ version, changes }) =>
      changelogEntry({
        source: options.source,
        version,
        changes: changes.length > 0 ? changes : ['Rebuilt with updated dependencies.'],
        maintainer: options.maintainer,
        seconds: options.dateOf(version),
      }),
    )
    .join('\n');
}
