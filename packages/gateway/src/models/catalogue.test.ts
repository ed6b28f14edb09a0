import { expect, it } from 'vitest';
import { stagedName, type ModelEntry } from '@nanite/contracts';
import { FakeEngine, fakeEntry } from '../__fixtures__/fake-engine';
import { Catalogue, resolveName } from './catalogue';

const current = fakeEntry('smol', { name: 'smol:135m', aliases: [] });
const staged: ModelEntry = {
  ...fakeEntry(stagedName('smol'), { name: stagedName('smol:135m'), aliases: [] }),
  staged: true,
};

it('asks a staged version only by its own name', async () => {
  const both = [current, staged];
  expect(resolveName(both, 'smol')).toBe(current);
  expect(resolveName(both, 'smol:135m')).toBe(current);
  expect(resolveName(both, 'smol--staged')).toBe(staged);
  expect(resolveName(both, 'smol:135m--staged')).toBe(staged);
  const catalogue = new Catalogue(new FakeEngine(both));
  expect(await catalogue.list()).toEqual([current]);
  expect(await catalogue.withStaged()).toEqual(both);
  expect(catalogue.near('smol:135')).toEqual(['smol:135m']);
});

it('says which models have become others, and which are gone', async () => {
  const engine = new FakeEngine([current, staged]);
  const changed: string[] = [];
  const catalogue = new Catalogue(engine, (id) => changed.push(id));
  await catalogue.list();
  catalogue.forget();
  await catalogue.list();
  expect(changed).toEqual([]);
  const newer = { ...current, manifest: { ...current.manifest, modifiedAt: '2026-11-24T00:00:00.000Z' } };
  engine.entries.splice(0, 2, newer);
  catalogue.forget();
  await catalogue.list();
  expect(changed).toEqual(['smol', 'smol--staged']);
});
