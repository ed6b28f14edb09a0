import type { Place } from './place';

/** A place in a file, in one line that a person can copy and `nanite open` understands. */
export interface Citation {
  /** Absolute path as bytes: names of files need not be UTF-8. */
  path: Buffer;
  place: Place;
}

/**
 * Citation as an address: `file:///home/ada/thesis.pdf#page=3`.
 *
 * Pages are written as RFC 8118 does for PDF, lines as RFC 5147 does not but every code host does (`#L10-L14`); the
 * others are ours: `#slide=4`, `#sheet=Costs&rows=3-9`, `#cell=2&L1-L4`, `#part=chapter3.xhtml`.
 */
export function formatCitation({ path, place }: Citation): string {
  const address = `file://${encodePath(path)}`;
  const fragment = formatPlace(place);
  return fragment === '' ? address : `${address}#${fragment}`;
}

/** @returns null where the text is not an address of a file, or its fragment is none of ours */
export function parseCitation(text: string): Citation | null {
  const found = /^file:\/\/(?:localhost)?(\/[^#?]*)(?:#(.*))?$/s.exec(text);
  if (!found) return null;
  const path = decodePath(found[1]!);
  const place = parsePlace(found[2] ?? '');
  return path && place && { path, place };
}

/** The place in words, for people: `page 3`, `lines 10 to 14`; empty for a whole file. */
export function describePlace(place: Place): string {
  const range = (one: string, many: string, from: number, to: number) =>
    from === to ? `${one} ${from}` : `${many} ${from} to ${to}`;
  switch (place.kind) {
    case 'lines':
      return range('line', 'lines', place.from, place.to);
    case 'pages':
      return range('page', 'pages', place.from, place.to);
    case 'slide':
      return `slide ${place.slide}`;
    case 'rows':
      return `${place.sheet === null ? '' : `sheet ${place.sheet}, `}${range('row', 'rows', place.from, place.to)}`;
    case 'cell':
      return `cell ${place.cell}, ${range('line', 'lines', place.from, place.to)}`;
    case 'part':
      return place.name;
    case 'whole':
      return '';
  }
}

const span = (from: number, to: number, mark = '') =>
  from === to ? `${mark}${from}` : `${mark}${from}-${mark}${to}`;

function formatPlace(place: Place): string {
  switch (place.kind) {
    case 'lines':
      return span(place.from, place.to, 'L');
    case 'pages':
      return `page=${span(place.from, place.to)}`;
    case 'slide':
      return `slide=${place.slide}`;
    case 'rows': {
      const sheet = place.sheet === null ? '' : `sheet=${encodeURIComponent(place.sheet)}&`;
      return `${sheet}rows=${span(place.from, place.to)}`;
    }
    case 'cell':
      return `cell=${place.cell}&${span(place.from, place.to, 'L')}`;
    case 'part':
      return `part=${encodeURIComponent(place.name)}`;
    case 'whole':
      return '';
  }
}

const forms: Array<[RegExp, (found: RegExpExecArray) => Place | null]> = [
  [/^$/, () => ({ kind: 'whole' })],
  [/^L(\d+)(?:-L?(\d+))?$/, ([, from, to]) => between('lines', from, to)],
  [/^page=(\d+)(?:-(\d+))?$/, ([, from, to]) => between('pages', from, to)],
  [/^slide=(\d+)$/, ([, slide]) => (Number(slide) > 0 ? { kind: 'slide', slide: Number(slide) } : null)],
  [
    /^(?:sheet=([^&]*)&)?rows=(\d+)(?:-(\d+))?$/,
    ([, sheet, from, to]) => {
      const name = sheet === undefined ? null : decoded(sheet);
      const rows = range(from, to);
      return name === undefined || !rows ? null : { kind: 'rows', sheet: name, ...rows };
    },
  ],
  [
    /^cell=(\d+)&L(\d+)(?:-L?(\d+))?$/,
    ([, cell, from, to]) => {
      const lines = range(from, to);
      return Number(cell) > 0 && lines ? { kind: 'cell', cell: Number(cell), ...lines } : null;
    },
  ],
  [
    /^part=(.+)$/,
    ([, name]) => {
      const text = decoded(name!);
      return text === undefined ? null : { kind: 'part', name: text };
    },
  ],
];

function parsePlace(fragment: string): Place | null {
  for (const [form, read] of forms) {
    const found = form.exec(fragment);
    if (found) return read(found);
  }
  return null;
}

function range(from: string | undefined, to: string | undefined): { from: number; to: number } | null {
  const first = Number(from);
  const last = to === undefined ? first : Number(to);
  return Number.isSafeInteger(last) && first > 0 && last >= first ? { from: first, to: last } : null;
}

function between(kind: 'lines' | 'pages', from: string | undefined, to: string | undefined): Place | null {
  const found = range(from, to);
  return found && { kind, ...found };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Bytes of a path that need no escape in an address: RFC 3986's unreserved ones, and what it lets stand in a path. */
const plain = /[A-Za-z0-9\-._~/!$&'()*+,;=:@]/;

function encodePath(path: Buffer): string {
  let text = '';
  for (const byte of path) {
    const letter = String.fromCharCode(byte);
    text +=
      byte < 0x80 && plain.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

function decodePath(text: string): Buffer | null {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%') {
      bytes.push(...Buffer.from(text[at]!, 'utf8'));
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    // A zero byte ends a path for the kernel: what is shown and what is opened would differ.
    if (!/^[0-9A-Fa-f]{2}$/.test(digits) || digits === '00') return null;
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return Buffer.from(bytes);
}
