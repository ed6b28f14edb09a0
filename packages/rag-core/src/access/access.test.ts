import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiFailure } from '@nanite/contracts';
import { createLog, listenOnPath } from '@nanite/kit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAccessApi } from './api';
import { AccessService } from './client';
import { withFilesOf } from './file-credentials';
import { mayRead } from './judge';

/** Judging for others needs the rights of root; in the build root tests have them. */
const asRoot = process.getuid!() === 0;
const somebody = { uid: 54321, groups: [54321] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-access-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const identityOf = (path: string): string => {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
  return `${dev}:${ino}:${size}:${mtimeNs}`;
};
const asked = (path: string, identity: string | null = identityOf(path)) => ({
  path: Buffer.from(path).toString('base64'),
  identity,
});

describe.runIf(asRoot)('what somebody may read', () => {
  let file: string;
  const reads = (who = somebody, what = asked(file)) => withFilesOf(who, () => mayRead(what));

  beforeEach(() => {
    file = join(folder, 'file.txt');
    rmSync(file, { force: true });
    writeFileSync(file, 'text', { mode: 0o644 });
  });

  it('is what its mode says: of all, of the owner, of each of their groups', () => {
    expect(reads()).toBe(true);
    chmodSync(file, 0o600);
    expect(reads()).toBe(false);
    chownSync(file, somebody.uid, 0);
    expect(reads()).toBe(true);
    chownSync(file, 0, 777);
    chmodSync(file, 0o640);
    expect(reads()).toBe(false);
    expect(reads({ uid: somebody.uid, groups: [54321, 5, 777] })).toBe(true);
    expect(reads({ uid: somebody.uid, groups: [777] })).toBe(true);
  });

  it('is less where a group may less than all others', () => {
    chmodSync(file, 0o604);
    chownSync(file, 0, 777);
    expect(reads()).toBe(true);
    expect(reads({ uid: somebody.uid, groups: [54321, 777] })).toBe(false);
  });

  it('is nothing behind a folder that does not let them through', () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const inside = join(closed, 'file.txt');
    writeFileSync(inside, 'text', { mode: 0o644 });
    const what = asked(inside);
    expect(reads(somebody, what)).toBe(false);
    // Through, without being allowed to list it.
    chmodSync(closed, 0o711);
    expect(reads(somebody, what)).toBe(true);
    expect(reads(somebody, asked(closed, null))).toBe(true);
    chmodSync(closed, 0o700);
    expect(reads(somebody, asked(closed, null))).toBe(true);
    expect(reads(somebody, asked(inside, null))).toBe(false);
  });

  it('is not another file that took its place, nor what it was made into', () => {
    const meant = asked(file);
    renameSync(file, `${file}.old`);
    writeFileSync(file, 'text', { mode: 0o644 });
    expect(reads(somebody, meant)).toBe(false);
    expect(reads(somebody, asked(file))).toBe(true);
    rmSync(file);
    renameSync(`${file}.old`, file);
    expect(reads(somebody, meant)).toBe(true);
    utimesSync(file, 1, 1);
    expect(reads(somebody, meant)).toBe(false);
  });

  it('is not what a link leads to, and by whatever name of the file', () => {
    symlinkSync(file, `${file}.link`);
    expect(reads(somebody, asked(`${file}.link`))).toBe(false);
    linkSync(file, `${file}.hard`);
    expect(reads(somebody, asked(`${file}.hard`))).toBe(true);
    expect(reads(somebody, asked(join(folder, 'none'), '1:2:3:4'))).toBe(false);
  });

  it('leaves the process what it was', () => {
    chmodSync(file, 0o600);
    expect(reads()).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('text');
    expect(() =>
      withFilesOf(somebody, () => {
        throw new Error('in between');
      }),
    ).toThrow('in between');
    expect(readFileSync(file, 'utf8')).toBe('text');
    expect(readFileSync('/proc/self/status', 'utf8')).toMatch(/^Uid:\s*0\s+0\s+0\s+0$/m);
  });
});

describe('the service', () => {
  const serving = async (work: (access: AccessService) => Promise<void>) => {
    const socket = join(folder, 'access.sock');
    const server = createAccessApi(createLog(() => undefined));
    await listenOnPath(server, socket, 0o600);
    try {
      await work(new AccessService(socket));
    } finally {
      server.close();
      server.closeAllConnections();
    }
  };

  it.runIf(asRoot)('answers for each file, however many there are', () =>
    serving(async (access) => {
      const open = join(folder, 'open.txt');
      const shut = join(folder, 'shut.txt');
      writeFileSync(open, '', { mode: 0o644 });
      writeFileSync(shut, '', { mode: 0o600 });
      const nobody = Number(spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout);
      const files = Array.from({ length: 4001 }, (_, at) => {
        const path = at % 3 === 0 ? shut : open;
        return { path: Buffer.from(path), identity: identityOf(path) };
      });
      expect(await access.may(nobody, files)).toEqual(files.map((_, at) => at % 3 !== 0));
    }),
  );

  it('knows nothing of a user whom the machine does not know', () =>
    serving(async (access) => {
      await expect(access.may(54321, [{ path: Buffer.from('/'), identity: null }])).rejects.toMatchObject({
        status: 403,
        code: 'unknown-user',
      });
      await expect(access.may(54321, [{ path: Buffer.from('/'), identity: null }])).rejects.toBeInstanceOf(
        ApiFailure,
      );
    }));
});
