import { expect, test } from 'vitest';
import { namedPackages, valuesOf } from './package-lists';
import { imageName, packagesOf, type Variant } from './variant';

const list = `# a comment
everywhere
#if FLAVOUR desktop classroom
a desktop-tools
#endif
#if MODELS offline
models
#endif
#nif FLAVOUR plain
ours
#endif
`;
const variant: Variant = { flavour: 'desktop', models: 'offline', extra: [], version: '1.2.3' };

test('lists are read by the conditions of live-build', () => {
  expect(namedPackages(list, { FLAVOUR: 'desktop', MODELS: 'offline' })).toEqual([
    'everywhere',
    'a',
    'desktop-tools',
    'models',
    'ours',
  ]);
  expect(namedPackages(list, { FLAVOUR: 'plain', MODELS: 'none' })).toEqual(['everywhere']);
});

test('a variant is what the lists name and what is added', () => {
  expect(packagesOf({ ...variant, flavour: 'classroom', models: 'none', extra: ['gimp'] }, [list])).toEqual([
    'everywhere',
    'a',
    'desktop-tools',
    'ours',
    'gimp',
  ]);
});

test('flavours are those that the lists know', () => {
  expect(valuesOf('FLAVOUR', [list])).toEqual(['desktop', 'classroom', 'plain']);
  expect(() => packagesOf({ ...variant, flavour: 'server' }, [list])).toThrow(/no flavour 'server'/);
});

test('an image is named by what it is', () => {
  expect(imageName(variant)).toBe('nanite-1.2.3-desktop-amd64');
  expect(imageName({ ...variant, models: 'none' })).toBe('nanite-1.2.3-desktop-no-models-amd64');
  expect(imageName({ ...variant, models: 'small' })).toBe('nanite-1.2.3-desktop-small-models-amd64');
  expect(imageName({ ...variant, flavour: 'plain', models: 'none' })).toBe('nanite-1.2.3-plain-amd64');
});
