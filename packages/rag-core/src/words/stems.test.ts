import { describe, expect, it } from 'vitest';
import { isCommon, stemOf, stemsOf, wordsOf } from './stems';

describe('wordsOf', () => {
  it.each<[string, string, string[]]>([
    ['numbers and names whole', 'user_id 3.14 costs 1,400', ['user', 'id', '3.14', 'costs', '1,400']],
    [
      'letters and digits together',
      'IPv6 of invoice2024, y2k: 5mm',
      ['ipv6', 'of', 'invoice2024', 'y2k', '5mm'],
    ],
    ['letters without their marks', 'Größe Ärger naïve Übung', ['große', 'arger', 'naive', 'ubung']],
    ['composed and decomposed letters alike', 'u\u0308ber über', ['uber', 'uber']],
    ['what French joins to a word', "l'utilisateur d’une qu'il s’agit", ['utilisateur', 'une', 'il', 'agit']],
    ['what Italian does', "dell'uso all’avvio un'ora l'uso", ['uso', 'avvio', 'ora', 'uso']],
    ['English contractions as they are', "don't driver's o'clock", ["don't", "driver's", "o'clock"]],
    ['small capitals of another script', 'ДОМ дом', ['дом', 'дом']],
  ])('gives %s', (_, text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

it('reads ASCII as it reads the rest', () => {
  const text =
    "The user's id_7: 3.14, 1,400 (x86-64) ipv6 1a2 a.b 12:30 12:3a rock'n'roll ''quoted'' 5's O'Neil l'uso";
  expect(wordsOf(`${text} ü`).slice(0, -1)).toEqual(wordsOf(text));
});

it('knows the common words of several languages, in their spelling without marks', () => {
  for (const word of ['the', 'und', 'für', 'été', 'della', 'het', 'não', 'más'].flatMap(wordsOf)) {
    expect.soft(isCommon(word), word).toBe(true);
  }
  for (const word of ['kernel', 'datei', 'fichier']) expect.soft(isCommon(word), word).toBe(false);
});

it('stems as FTS5 does', () => {
  expect(['flows', 'flowing', "driver's"].map(stemOf)).toEqual(['flow', 'flow', 'driver']);
  // As fts5vocab shows them (SQLite 3.46, porter unicode61 remove_diacritics 2).
  const german = ['große', 'straße', 'straßen', 'fußes', 'schließendes', 'nœuds', 'domaines', 'домами', 'm²'];
  expect(german.map(stemOf)).toEqual(['groß', 'straß', 'straßen', 'fuß', 'schließend', 'nœud', 'domain', 'домами', 'm²']); // prettier-ignore
  expect(stemsOf("l'utilisateur et les utilisateurs")).toEqual(new Set(['utilisateur']));
});
