/** How a program is told where to begin. `{file}` is the path, `{uri}` its address, `{at}` line or page, from 1. */
type Form = readonly string[];

/**
 * Editors by the name of their program, as their manuals say it. Others of the family of vi and ed understand `+line`
 * (POSIX ex), which is what an unknown one is given.
 */
const editors: Readonly<Record<string, Form>> = {
  code: ['--goto', '{file}:{at}'],
  'code-oss': ['--goto', '{file}:{at}'],
  codium: ['--goto', '{file}:{at}'],
  cursor: ['--goto', '{file}:{at}'],
  gedit: ['+{at}', '{file}'],
  geany: ['--line={at}', '{file}'],
  hx: ['{file}:{at}'],
  kate: ['--line', '{at}', '{file}'],
  kwrite: ['--line', '{at}', '{file}'],
  micro: ['+{at}', '{file}'],
  'gnome-text-editor': ['+{at}', '{file}'],
  mousepad: ['--line={at}', '{file}'],
  pluma: ['+{at}', '{file}'],
  subl: ['{file}:{at}'],
  xed: ['+{at}', '{file}'],
  zed: ['{file}:{at}'],
};

const editorForm: Form = ['+{at}', '{file}'];

/** Viewers of pages by the name of their program. */
const pageViewers: Readonly<Record<string, Form>> = {
  atril: ['--page-index={at}', '{file}'],
  chromium: ['{uri}#page={at}'],
  evince: ['--page-index={at}', '{file}'],
  firefox: ['{uri}#page={at}'],
  'firefox-esr': ['{uri}#page={at}'],
  'google-chrome': ['{uri}#page={at}'],
  mupdf: ['{file}', '{at}'],
  okular: ['--page', '{at}', '{file}'],
  papers: ['--page-index={at}', '{file}'],
  qpdfview: ['--unique', '{file}#{at}'],
  xpdf: ['{file}', ':{at}'],
  xreader: ['--page-index={at}', '{file}'],
  zathura: ['--page={at}', '{file}'],
};

/** Editors that need the terminal that they are started from. */
const terminalEditors = new Set([
  'vi',
  'vim',
  'nvim',
  'nano',
  'emacs',
  'micro',
  'hx',
  'joe',
  'mcedit',
  'ne',
  'ed',
]);

export const needsTerminal = (program: string): boolean => terminalEditors.has(nameOf(program));

export interface Where {
  file: string;
  uri: string;
  at: number;
}

/** Words that make an editor open a file at a line. */
export const editorWords = (program: string, where: Where): string[] =>
  filled(editors[nameOf(program)] ?? editorForm, where);

/** Words that make a viewer open a file at a page; null where it is not known how. */
export const pageWords = (program: string, where: Where): string[] | null => {
  const form = pageViewers[nameOf(program)];
  return form ? filled(form, where) : null;
};

/** Whether a program is an editor whose way of naming a line is known. */
export const isEditor = (program: string): boolean =>
  nameOf(program) in editors || terminalEditors.has(nameOf(program));

const nameOf = (program: string): string =>
  program
    .split('/')
    .at(-1)!
    .replace(/\.basic$/, '');

const filled = (form: Form, { file, uri, at }: Where): string[] =>
  form.map((word) =>
    word
      .replace('{at}', String(at))
      .replace('{uri}', () => uri)
      .replace('{file}', () => file),
  );
