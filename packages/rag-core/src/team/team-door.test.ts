import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiFailure } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Access, Asked } from '../access/client';
import { TestIndex } from '../index/testing';
import { exportCollection } from '../exchange';
import { filesAside, findCollection, listCollections } from '../service/collections';
import type { Service } from '../service/service';
import { TeamDoor } from './team-door';

/** Nobody on any machine has this id: what a group gives is not in the way. */
const somebody = { pid: 1, uid: 54321 };

let index: TestIndex;
let service: Service;
let forbidden: string[];
let asked: Asked[];
let clock: number;
let failure: Error | null;

const access: Access = {
  may(_uid, files) {
    asked.push(...files);
    if (failure) return Promise.reject(failure);
    return Promise.resolve(
      files.map(({ path }) => !forbidden.some((part) => path.toString().endsWith(part))),
    );
  },
};

beforeEach(async () => {
  index = await new TestIndex().open();
  for (const [name, text] of [
    ['open.txt', 'apples'],
    ['secret.txt', 'pears'],
    ['broken.txt', '!broken'],
    ['broken-secret.txt', '!broken'],
  ]) {
    writeFileSync(join(index.files, name!), text!);
  }
  await index.put('shared', { roots: [index.files], exclude: ['very-secret-name/**'] });
  await index.settled();
  [forbidden, asked, clock, failure] = [[], [], 0, null];
  const { database, collections, indexer } = index;
  service = {
    ...{ database, collections, indexer },
    answering: null as never,
    log: createLog(() => undefined),
    door: new TeamDoor(database, access, () => clock),
  };
});
afterEach(async () => {
  await index.close();
  index.remove();
});

const view = () => service.door.admit(somebody).view;
const names = async (ids: readonly number[] | null) =>
  ids === null
    ? null
    : (
        await index.database.all<{ path: Buffer }>(
          'SELECT path FROM files WHERE id IN (SELECT value FROM json_each(?)) ORDER BY path',
          JSON.stringify(ids),
        )
      ).map(({ path }) => path.toString().slice(index.files.length + 1));

describe('what somebody sees', () => {
  it('is what they may read, by path and by what the index knows of the file', async () => {
    forbidden = ['secret.txt'];
    expect(await names(await view().files())).toEqual(['broken.txt', 'open.txt']);
    const { identity } = (await index.database.get<{ identity: string }>(
      'SELECT identity FROM files WHERE path = ?',
      Buffer.from(join(index.files, 'open.txt')),
    ))!;
    expect(asked.some((one) => one.identity === identity)).toBe(true);
    const path = Buffer.from(join(index.files, 'secret.txt'));
    expect(await view().mayRead(path)).toBe(false);
    forbidden = [];
    expect(await view().mayRead(path)).toBe(true);
    expect(await view().mayRead(Buffer.from('/etc/passwd'))).toBe(false);
  });

  it('is remembered for two seconds for what is looked through, and for each apart', async () => {
    expect(await names(await view().files())).toBeNull();
    forbidden = ['secret.txt'];
    expect(await names(await view().files())).toBeNull();
    expect(await names(await service.door.admit({ pid: 1, uid: 54322 }).view.files())).toHaveLength(2);
    clock += 2000;
    expect(await names(await view().files())).toHaveLength(2);
  });

  it('is remembered longer where it takes long to find out', async () => {
    const { may } = access;
    const slow: Access = { may: (...asked) => ((clock += 1000), may(...asked)) };
    const door = new TeamDoor(index.database, slow, () => clock);
    const files = () => door.admit(somebody).view.files();
    expect(await files()).toBeNull();
    const asks = asked.length;
    clock += 3999;
    await files();
    expect(asked).toHaveLength(asks);
    clock += 1;
    await files();
    expect(asked).toHaveLength(2 * asks);
  });

  it('is nothing where nobody can tell, and it is said', async () => {
    failure = new Error('down');
    await expect(view().files()).rejects.toMatchObject({ code: 'access-unknown', status: 503 });
    await expect(view().mayRead(Buffer.from('/x'))).resolves.toBe(false);
    failure = new ApiFailure(403, 'unknown-user', 'there is no user 54321');
    await expect(view().files()).rejects.toMatchObject({ code: 'not-yours' });
    failure = null;
    expect(await view().files()).toBeNull();
  });

  it('counts only that, and says no pattern and no reason', async () => {
    forbidden = ['secret.txt'];
    expect(await listCollections(service, view())).toMatchObject([
      {
        name: 'shared',
        roots: [index.files],
        exclude: [],
        progress: { why: null, files: { found: 2, indexed: 1, aside: 1 }, chunks: { all: 1 } },
      },
    ]);
    const aside = await filesAside(service, view(), 'shared');
    expect(aside.files.map(({ path }) => path)).toEqual([join(index.files, 'broken.txt')]);
    expect(aside.more).toBe(0);
  });

  it('is, for an administrator, how much there is, and no name of what they may not read', async () => {
    forbidden = ['secret.txt'];
    const theirs = { ...view(), whole: () => Promise.resolve(true) };
    expect(await listCollections(service, theirs)).toMatchObject([
      { exclude: ['very-secret-name/**'], progress: { files: { found: 4, indexed: 2, aside: 2 } } },
    ]);
    const aside = await filesAside(service, theirs, 'shared');
    expect(aside.files.map(({ path }) => path)).toEqual([join(index.files, 'broken.txt')]);
    expect(aside.more).toBe(1);
  });

  it('has no collection whose folder they do not get to, under no name', async () => {
    forbidden = [index.files];
    expect(await listCollections(service, view())).toEqual([]);
    await expect(findCollection(service, view(), 'shared')).rejects.toMatchObject({
      code: 'no-such-collection',
      hint: 'there are: none',
    });
  });

  it('leaves out of an export what they may not read', async () => {
    const vectors = async (files: readonly number[] | null) => {
      const lines = [];
      const collection = await findCollection(service, view(), 'shared');
      for await (const line of exportCollection(index.database, collection, 'bge-small', files))
        lines.push(line);
      return lines.length - 1;
    };
    await index.database.run(
      'INSERT INTO vectors SELECT id, ?, ? FROM chunks',
      Buffer.alloc(16),
      Buffer.alloc(8),
    );
    expect(await vectors(null)).toBe(2);
    forbidden = ['secret.txt'];
    clock += 2000;
    expect(await vectors(await view().files())).toBe(1);
  });
});

describe('who is let in', () => {
  it('everybody whom the kernel names, eight questions at once each', () => {
    expect(() => service.door.admit(null)).toThrow(/does not tell/);
    const visitors = Array.from({ length: 8 }, () => service.door.admit(somebody));
    expect(() => service.door.admit(somebody)).toThrow(/8 questions/);
    service.door.admit({ pid: 1, uid: 7 }).leave();
    visitors[0]!.leave();
    service.door.admit(somebody);
  });

  it('to change something: root, and not just anybody', async () => {
    await service.door.admit({ pid: 1, uid: 0 }).allowChange();
    await expect(service.door.admit(somebody).allowChange()).rejects.toMatchObject({
      code: 'not-authorised',
      status: 403,
    });
  });

  it('root sees everything', async () => {
    forbidden = ['txt'];
    const root = service.door.admit({ pid: 1, uid: 0 }).view;
    expect(await root.files()).toBeNull();
    expect(await root.mayRead(Buffer.from(join(index.files, 'secret.txt')))).toBe(true);
    expect(await root.mayRead(Buffer.from(join(index.files, 'gone.txt')))).toBe(false);
    expect(asked).toEqual([]);
  });
});
