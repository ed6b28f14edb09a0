import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from './__fixtures__/fake-gateway';
import { Nanite } from './__fixtures__/nanite';
import { isOwnFolder } from './person-places';
import { servePlaces } from './serve';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const nanite = new Nanite();
let env: Record<string, string>;

/** A service that writes its name, its pid and where it is told to work, then lives as `body` says. */
function service(thing: string, body: string): void {
  const folder = join(nanite.share, 'lib', thing);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'main.mjs'),
    `console.log('${thing} ' + process.pid + ' ' + process.env.NANITE_RUNTIME_DIR);\n${body}\n`,
  );
}

const lives =
  "setInterval(() => {}, 1000); process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });";

beforeAll(async () => void (await nanite.build()));
afterAll(() => nanite.remove());
beforeEach(() => {
  env = {
    NANITE_LIB_DIR: join(nanite.share, 'lib'),
    NANITE_RUNTIME_DIR: join(nanite.share, 'run'),
    NANITE_STATE_DIR: join(nanite.share, 'state'),
  };
  service('engine', lives);
  service('gateway', lives);
});

const pids = (stdout: string): number[] =>
  [...stdout.matchAll(/^\w+ (\d+) /gm)].map(([, pid]) => Number(pid));
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('nanite serve', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const)('stops both on %s', async (signal, status) => {
    const run = nanite.start(['serve'], env);
    await run.shows('engine ');
    await run.shows('gateway ');
    // The services print before they can listen to signals: let them come so far.
    await new Promise((resolve) => setTimeout(resolve, 200));
    run.child.kill(signal);
    const ran = await run.ended;
    expect(ran.status).toBe(status);
    expect(ran.stdout.match(/bye/g)).toHaveLength(2);
    expect(pids(ran.stdout).filter(isAlive)).toEqual([]);
  });

  it('ends when one dies, says which, and takes the other along', async () => {
    service('engine', 'setTimeout(() => process.exit(3), 300);');
    const ran = await nanite.run(['serve'], env);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('engine ended (status 3)');
    expect(pids(ran.stdout).filter(isAlive)).toEqual([]);
  });

  it('tells the services where to work', async () => {
    service('gateway', 'process.exit(0);');
    const ran = await nanite.run(['serve'], env);
    expect(ran.stdout).toContain(` ${env['NANITE_RUNTIME_DIR']}`);
    expect(ran.status).toBe(1);
  });

  it('does not start what already runs', async () => {
    const gateway = await new FakeGateway().start();
    const ran = await nanite.run(['serve'], { ...env, NANITE_RUNTIME_DIR: gateway.folder });
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    expect(ran.stderr).toContain('already runs here');
    await gateway.stop();
  });

  it('says what is not installed', async () => {
    const ran = await nanite.run(['serve'], { ...env, NANITE_LIB_DIR: '/nonexistent' });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('apt install nanite-engine');
  });
});

describe('isOwnFolder', () => {
  it('is true for a folder that only this person may write to', () => {
    const folder = mkdtempSync(join(nanite.share, 'own-'));
    const uid = process.getuid?.() ?? 0;
    expect(isOwnFolder(folder, uid)).toBe(true);
    expect(isOwnFolder(folder, uid + 1)).toBe(false);
    chmodSync(folder, 0o777);
    expect(isOwnFolder(folder, uid)).toBe(false);
    symlinkSync('/', join(folder, 'link'));
    expect(isOwnFolder(join(folder, 'link'), 0)).toBe(false);
    expect(isOwnFolder(join(folder, 'none'), uid)).toBe(false);
  });
});

describe('servePlaces', () => {
  it("are the system's for root, a person's own else, and what is set first", () => {
    expect(servePlaces({}, 0)).toEqual({
      NANITE_RUNTIME_DIR: '/run/nanite',
      NANITE_STATE_DIR: '/var/lib/nanite',
    });
    expect(servePlaces({ XDG_RUNTIME_DIR: '/run/user/5', HOME: '/home/a' }, 5)).toEqual({
      NANITE_RUNTIME_DIR: '/run/user/5/nanite',
      NANITE_STATE_DIR: '/home/a/.local/state/nanite',
    });
    expect(servePlaces({}, 5)['NANITE_RUNTIME_DIR']).toBe('/tmp/nanite-5/nanite');
    expect(servePlaces({ NANITE_RUNTIME_DIR: '/x' }, 0)['NANITE_RUNTIME_DIR']).toBe('/x');
  });
});
