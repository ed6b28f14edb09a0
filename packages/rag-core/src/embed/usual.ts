import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shareDir } from '@nanite/kit';

/** Reads English, and finds best what is in it. */
export const englishModel = 'bge-small';
/** Reads about 100 languages (docs/decisions/0170). */
export const manyLanguagesModel = 'multilingual-e5-small';

/**
 * The language in which programs speak to this person, as gettext chooses it: LANGUAGE counts, unless the locale is that of C.
 *
 * @returns its code, such as `de`; null where no language is named
 */
export function languageOf(environment: NodeJS.ProcessEnv): string | null {
  const locale = ['LC_ALL', 'LC_MESSAGES', 'LANG'].map((name) => environment[name]).find((value) => value);
  if (locale === undefined || /^(C|POSIX)(\.|$)/.test(locale)) return null;
  const first = environment['LANGUAGE']?.split(':').find((value) => value !== '') ?? locale;
  return /^[a-z]{2,3}(?=[_.@-]|$)/.exec(first)?.[0] ?? null;
}

/**
 * The embedding model where nobody named one: the one for many languages, if its package is installed and the person's language is
 * another than English.
 */
export function usualModel(environment: NodeJS.ProcessEnv = process.env): string {
  const language = languageOf(environment);
  if (language === null || language === 'en') return englishModel;
  const manifest = join(shareDir(), 'models', manyLanguagesModel, 'manifest.json');
  return existsSync(manifest) ? manyLanguagesModel : englishModel;
}
