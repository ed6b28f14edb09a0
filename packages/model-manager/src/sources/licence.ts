/** The hub's names of licences (lower case, its own for what SPDX does not have) as SPDX writes them. */
const spdx: Record<string, string> = {
  'apache-2.0': 'Apache-2.0',
  mit: 'MIT',
  'bsd-2-clause': 'BSD-2-Clause',
  'bsd-3-clause': 'BSD-3-Clause',
  'cc0-1.0': 'CC0-1.0',
  'cc-by-4.0': 'CC-BY-4.0',
  'cc-by-sa-4.0': 'CC-BY-SA-4.0',
  'cc-by-nc-4.0': 'CC-BY-NC-4.0',
  'gpl-2.0': 'GPL-2.0-only',
  'gpl-3.0': 'GPL-3.0-only',
  'lgpl-3.0': 'LGPL-3.0-only',
  'agpl-3.0': 'AGPL-3.0-only',
  'mpl-2.0': 'MPL-2.0',
  unlicense: 'Unlicense',
  isc: 'ISC',
};

/** An SPDX identifier for a licence as the hub tags it; `LicenseRef-…` for what SPDX does not know. */
export function spdxOf(tag: string): string {
  return spdx[tag.toLowerCase()] ?? `LicenseRef-${tag.replace(/[^A-Za-z0-9.-]/g, '-')}`;
}
