import { describe, expect, it } from 'vitest';
import { countTokens } from './tokens';

/** Counted by @huggingface/tokenizers with tokenizer.json of bge-small-en-v1.5, without [CLS] and [SEP]. */
const counted: [string, number, string][] = [
  ['German', 71, 'Der Graureiher steht am Ufer und wartet auf Fische; die Donaudampfschifffahrtsgesellschaft bleibt verschwunden. Unabhängigkeitserklärungen und Rechtsschutzversicherungsgesellschaften sind lange Wörter.'],
  ['French', 50, "L'héron cendré se tient immobile au bord de l'étang, où il guette patiemment les grenouilles qui s'aventurent hors de l'eau."],
  ['Russian', 86, 'Серая цапля стоит на берегу и терпеливо ждёт рыбу, которая неосторожно подплывает слишком близко.'],
  ['Chinese', 20, '灰鹭站在岸边，耐心等待游得太近的鱼。'],
  ['Japanese', 33, 'アオサギは岸辺に立って、近づきすぎた魚を辛抱強く待っています。'],
  ['Arabic', 48, 'يقف مالك الحزين الرمادي على الشاطئ وينتظر الأسماك بصبر'],
  ['Greek', 61, 'Ο σταχτοτσικνιάς στέκεται στην όχθη και περιμένει υπομονετικά τα ψάρια'],
  ['science', 48, 'Immunohistochemical staining demonstrated phosphatidylinositol hyperphosphorylation; electroencephalography and magnetohydrodynamics were uncharacteristically inconclusive.'],
  ['names', 48, 'getElementById XMLHttpRequest CannotExtractError max_old_space_size libwebkit2gtk-4.1-0 __proto__ NSFileManager'],
]; // prettier-ignore

describe('countTokens', () => {
  it.each(counted)('never counts far too few: %s', (_, tokens, text) => {
    expect(countTokens(text)).toBeGreaterThanOrEqual(0.55 * tokens);
    expect(countTokens(text)).toBeLessThanOrEqual(1.5 * tokens);
  });

  it('counts English', () => {
    expect(countTokens('The heron stands in the reeds, and it waits.')).toBe(11);
    expect(countTokens('')).toBe(0);
  });
});
