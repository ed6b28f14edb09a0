import type { Hit, SearchRequest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestIndex } from '../index/testing';
import type { Wanted } from '../retrieve';
import { findIn, type Places } from './find';
import { merged } from './team-knowledge';

const hit = (uri: string, score: number): Hit => ({
  passage: {
    id: 1,
    collection: 'notes',
    path: uri,
    uri,
    type: 'text',
    title: null,
    headings: [],
    place: { kind: 'whole' },
    symbol: null,
    text: uri,
    modified: '2026-11-23T10:00:00Z',
  },
  score,
  ranks: { sparse: 1, dense: null, name: null },
  duplicates: [],
});

describe('two lists as one', () => {
  const order = (hits: readonly Hit[]) => hits.map(({ passage }) => `${passage.scope ?? '?'} ${passage.uri}`);

  it('are by score, each in its own order', () => {
    const own = [hit('a', 0.5), hit('b', 0.9), hit('c', 0.1)];
    const team = [hit('x', 0.6), hit('y', 0.3)].map((one) => ({
      ...one,
      passage: { ...one.passage, scope: 'team' as const },
    }));
    // b may not come before a, whatever its score: its own service thinks otherwise.
    expect(order(merged(own, team, 10))).toEqual(['team x', 'own a', 'own b', 'team y', 'own c']);
    expect(order(merged(own, team, 2))).toEqual(['team x', 'own a']);
  });

  it('hold a passage once that both know', () => {
    const copied = { ...hit('a', 0.5), duplicates: ['b'] };
    expect(order(merged([copied], [hit('a', 0.9), hit('b', 0.8), hit('c', 0.2)], 10))).toEqual([
      'own a',
      '? c',
    ]);
  });
});

describe('where is looked', () => {
  let index: TestIndex;
  let asked: string[];
  let failure: NaniteError | null;
  let there: boolean;

  beforeEach(async () => {
    index = await new TestIndex().open();
    await index.put('notes', { roots: [index.files] });
    asked = [];
    failure = null;
    there = true;
  });
  afterEach(async () => {
    await index.close();
    index.remove();
  });

  const ask = (name: string) => (wanted: Wanted) => {
    asked.push(`${name} ${wanted.filter.collections?.join() ?? 'all'}`);
    if (name === 'team' && failure !== null) return Promise.reject(failure);
    return Promise.resolve({ hits: [hit(name, 0.5)], notes: [`of ${name}`] });
  };
  const find = (scope: SearchRequest['scope'], collections?: string[], places: Partial<Places> = {}) =>
    findIn(
      {
        database: index.database,
        own: ask('own'),
        team: { there, search: ask('team') },
        ...places,
      },
      { query: 'x', limit: 5, mode: 'hybrid', filter: { collections }, scope },
      new AbortController().signal,
    );

  it.each<[SearchRequest['scope'], string[] | undefined, string[]]>([
    ['all', undefined, ['own all', 'team all']],
    ['own', undefined, ['own all']],
    ['team', undefined, ['team all']],
    ['all', ['notes'], ['own notes']],
    ['all', ['handbook'], ['team handbook']],
    ['all', ['handbook', 'notes'], ['own notes', 'team handbook']],
  ])('%s, collections %s', async (scope, collections, expected) => {
    const { hits } = await find(scope, collections);
    expect(asked).toEqual(expected);
    expect(hits).toHaveLength(expected.length);
  });

  it('is at home where there is no team, and where a team is wished it is said', async () => {
    there = false;
    expect((await find('all')).hits).toHaveLength(1);
    await expect(find('team')).rejects.toMatchObject({ code: 'no-team', status: 404 });
  });

  it('is at home where the team fails, and that is said; not where only the team was asked', async () => {
    failure = new NaniteError('access-unknown', 'nobody can tell', { status: 503 });
    expect(await find('all')).toMatchObject({
      hits: [{ passage: { uri: 'own' } }],
      notes: ['of own', expect.stringContaining('nobody can tell')],
    });
    await expect(find('team')).rejects.toBe(failure);
    await expect(find('all', ['handbook'])).rejects.toBe(failure);
  });

  it('is, for the team itself, its own index, and nobody’s own', async () => {
    expect((await find('team', undefined, { team: null })).notes).toEqual(['of own']);
    expect((await find('all', undefined, { team: null })).notes).toEqual(['of own']);
    await expect(find('own', undefined, { team: null })).rejects.toMatchObject({ status: 400 });
  });
});
