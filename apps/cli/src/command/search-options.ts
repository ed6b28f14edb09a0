import { InvalidArgumentError } from 'commander';

/** Types of files as nanite-rag names them. */
export const fileTypes = [
  ...(['text', 'markdown', 'html', 'pdf', 'docx', 'odt', 'pptx', 'xlsx', 'csv', 'epub'] as const),
  ...(['notebook', 'mail', 'code', 'image'] as const),
] as const;
export type FileTypeName = (typeof fileTypes)[number];

/** Other names of a type: endings of files, and what people call them. */
const otherNames: Readonly<Record<string, FileTypeName>> = {
  txt: 'text',
  md: 'markdown',
  htm: 'html',
  web: 'html',
  doc: 'docx',
  word: 'docx',
  ppt: 'pptx',
  xls: 'xlsx',
  excel: 'xlsx',
  ipynb: 'notebook',
  eml: 'mail',
  email: 'mail',
  mbox: 'mail',
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  tiff: 'image',
  source: 'code',
};

/** Endings of source code. Code is one type: of these only files with the ending are wanted. */
const codeEndings = new Set(
  'c h cc cpp hpp cs css go hs java js jsx kt lua php pl py r rb rs scala sh sql swift ts tsx vue zig'.split(
    ' ',
  ),
);

export interface TypeWish {
  type: FileTypeName;
  /** Ending of the wanted files; null: all of the type. */
  ending: string | null;
}

/** `pdf`, `md`, `.py`. What is thrown becomes a usage error that names the option. */
export function fileType(text: string, before: TypeWish[]): TypeWish[] {
  const name = text.toLowerCase().replace(/^\./, '');
  const type = fileTypes.find((each) => each === name) ?? otherNames[name];
  if (type !== undefined) return [...before, { type, ending: null }];
  if (codeEndings.has(name)) return [...before, { type: 'code', ending: name }];
  throw new InvalidArgumentError(`It takes ${fileTypes.join(', ')}, or an ending such as md or py.`);
}

const units = { d: 1, w: 7 } as const;

const iso = (date: Date): string =>
  [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');

/**
 * A day as people write it, as ISO 8601: `2026-10-01`, `2026-10`, `2026`, `today`, `yesterday`, `7d` and `2w` for so long
 * ago, or a date and time. What is thrown becomes a usage error that names the option.
 */
export function day(text: string, now = new Date()): string {
  const word = text.trim().toLowerCase();
  const ago = (days: number): string =>
    iso(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
  if (word === 'today') return ago(0);
  if (word === 'yesterday') return ago(1);
  const [, count, unit] = /^(\d{1,4})\s*([dw])$/.exec(word) ?? [];
  if (count !== undefined) return ago(Number(count) * units[unit as keyof typeof units]);
  const whole = /^\d{4}$/.test(word)
    ? `${word}-01-01`
    : /^\d{4}-\d{2}$/.test(word)
      ? `${word}-01`
      : text.trim();
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/i.test(whole);
  // Date.parse takes 31 February for 3 March.
  const [y = 0, m = 0, d = 0] = whole.slice(0, 10).split('-').map(Number);
  const exists = iso(new Date(y, m - 1, d)) === whole.slice(0, 10);
  if (!isDate || !exists || Number.isNaN(Date.parse(whole))) {
    throw new InvalidArgumentError('It takes a date such as 2026-10-01, yesterday, or 7d for a week ago.');
  }
  return whole.length === 10 ? whole : new Date(whole).toISOString();
}
