import { expect, test } from 'vitest';
import { changelogDate, debianChangelog, parseChangesets } from './changelog';

const markdown = `# nanite-x

## 0.2.0

### Minor Changes

- 1a2b3c4: Answer faster.
  And say so.
- Plain.

## 0.1.0

### Patch Changes

- Updated dependencies
`;

test('dates as dpkg-parsechangelog reads them', () => {
  expect(changelogDate(0)).toBe('Thu, 01 Jan 1970 00:00:00 +0000');
  expect(changelogDate(1_795_412_200)).toBe('Mon, 23 Nov 2026 05:36:40 +0000');
});

test('reads what changesets writes, without the commit ids', () => {
  expect(parseChangesets(markdown)).toEqual([
    { version: '0.2.0', changes: ['Answer faster. And say so.', 'Plain.'] },
    { version: '0.1.0', changes: ['Updated dependencies'] },
  ]);
});

const base = { source: 'nanite-x', maintainer: 'A <a@b.invalid>', dateOf: () => 0 };

test('writes an entry for each recorded version', () => {
  const text = debianChangelog({ ...base, version: '0.2.0', markdown });
  expect(text.match(/^nanite-x \(/gm)).toHaveLength(2);
  expect(text).toContain(
    'nanite-x (0.2.0) trixie; urgency=medium\n\n  * Answer faster. And say so.\n  * Plain.\n',
  );
});

test('a version that no changeset recorded gets an entry of its own, on top', () => {
  const text = debianChangelog({ ...base, version: '0.3.0', markdown });
  expect(text.startsWith('nanite-x (0.3.0)')).toBe(true);
  expect(debianChangelog({ ...base, version: '0.1.0', markdown: null })).toContain('  * Initial release.');
});

test('wraps long lines as lintian wants them', () => {
  const long = `## 1.0.0\n\n- ${'word '.repeat(60)}\n`;
  const lines = debianChangelog({ ...base, version: '1.0.0', markdown: long }).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});
