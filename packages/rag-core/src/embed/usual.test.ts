import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { languageOf, usualModel } from './usual';

describe('languageOf', () => {
  it.each([
    [{}, null],
    [{ LANG: 'de_DE.UTF-8' }, 'de'],
    [{ LANG: 'de' }, 'de'],
    [{ LANG: 'ca@valencia' }, 'ca'],
    [{ LANG: 'nds_DE' }, 'nds'],
    [{ LANG: 'en_GB.UTF-8' }, 'en'],
    [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'fr_FR.UTF-8' }, 'fr'],
    [{ LANG: 'de_DE.UTF-8', LC_MESSAGES: '', LC_ALL: '' }, 'de'],
    [{ LANG: 'de_DE.UTF-8', LC_ALL: 'C.UTF-8' }, null],
    [{ LANG: 'C' }, null],
    [{ LANG: 'POSIX' }, null],
    [{ LANG: 'de_DE.UTF-8', LANGUAGE: 'en_GB:de' }, 'en'],
    [{ LANG: 'en_US.UTF-8', LANGUAGE: ':pt_BR:en' }, 'pt'],
    [{ LANG: 'fr_FR.UTF-8', LANGUAGE: '' }, 'fr'],
    // gettext passes over LANGUAGE in the locale of C.
    [{ LANG: 'C.UTF-8', LANGUAGE: 'de' }, null],
    [{ LANG: '!' }, null],
  ])('of %j is %s', (environment, language) => {
    expect(languageOf(environment)).toBe(language);
  });
});

describe('usualModel', () => {
  let share: string;
  beforeEach(() => {
    share = mkdtempSync(join(tmpdir(), 'usual-'));
    vi.stubEnv('NANITE_SHARE_DIR', share);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(share, { recursive: true });
  });
  const install = () => {
    const folder = join(share, 'models/multilingual-e5-small');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'manifest.json'), '{}');
  };

  it('is that for many languages only for who speaks another than English', () => {
    install();
    expect(usualModel({ LANG: 'de_DE.UTF-8' })).toBe('multilingual-e5-small');
    expect(usualModel({ LANG: 'en_GB.UTF-8' })).toBe('bge-small');
    expect(usualModel({})).toBe('bge-small');
  });

  it('is the English one where the other is not installed', () => {
    expect(usualModel({ LANG: 'de_DE.UTF-8' })).toBe('bge-small');
  });
});
