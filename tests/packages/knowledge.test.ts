import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * nanite-rag as a person's service in a booted trixie: what changes on the disk changes in what is found. Words only: the
 * parts that give meaning are no part of this. The tests run in order.
 */
let machine: Machine;
const socket = '/run/user/1001/nanite/rag.sock';
const state = '/home/ada/.local/state/nanite/knowledge';
const userctl = 'XDG_RUNTIME_DIR=/run/user/1001 systemctl --user';

const sh = (command: string, user?: string, timeout = 60_000) =>
  machine.run(['bash', '-c', command], { check: false, user, timeout });
/** As the person whose files they are. */
const ada = async (command: string) => {
  const { code, stdout, stderr } = await sh(`cd ~ || exit; ${command}`, 'ada');
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
const ask = async (
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> => {
  const sent = body === undefined ? '' : `--json @-`;
  const { stdout } = await machine.run(
    [
      'bash',
      '-c',
      `curl -sS -m 60 -X ${method} -w '\\n%{http_code}' ${sent} --unix-socket ${socket} 'http://x${path}'`,
    ],
    { user: 'ada', input: body === undefined ? '' : JSON.stringify(body) },
  );
  const lines = stdout.split('\n');
  const status = Number(lines.pop());
  const text = lines.join('\n');
  return { status, body: text === '' ? null : JSON.parse(text) };
};
interface Progress {
  state: string;
  why: string | null;
  files: { found: number; indexed: number; aside: number };
  chunks: { all: number };
}
const progress = async (name: string): Promise<Progress> =>
  ((await ask('GET', `/v1/collections/${name}`)).body as { progress: Progress }).progress;
/** Addresses of the files that hold a word. */
const found = async (query: string): Promise<string[]> => {
  const { body } = await ask('POST', '/v1/search', { query, mode: 'sparse', limit: 50 });
  return (body as { hits: Array<{ passage: { uri: string } }> }).hits
    .map(({ passage }) => passage.uri.replace(/#.*/, '').replace('file:///home/ada/', ''))
    .sort();
};
/** Wait until a word is found in these files; @returns seconds that it took */
const until = async (query: string, ...files: string[]): Promise<number> => {
  const since = Date.now();
  await expect.poll(() => found(query), { timeout: 60_000, interval: 200 }).toEqual(files.sort());
  return (Date.now() - since) / 1000;
};
const ready = (name: string) =>
  expect.poll(async () => (await progress(name)).state, { timeout: 60_000, interval: 200 }).toBe('ready');

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge', [
    'nanite-rag',
    'libpam-systemd',
    'dbus-user-session',
    'curl',
  ]);
  await machine.run(
    'useradd --create-home -u 1001 ada; useradd --create-home -u 1002 bob; chmod 755 /home/ada; ' +
      `loginctl enable-linger ada; timeout 30 sh -c "until test -S ${socket}; do sleep 0.1; done"`,
  );
});
afterAll(() => machine?.stop());

describe('the service', () => {
  test('does not run until somebody asks, and then answers its person', async () => {
    expect((await sh(`${userctl} is-active nanite-rag.service`, 'ada')).stdout).toBe('inactive\n');
    expect(await ask('GET', '/v1/status')).toMatchObject({ status: 200, body: { collections: [] } });
  });

  test('answers nobody else: not another user, who does not even reach it, and not root', async () => {
    const status = `curl -sS -m 10 -o /dev/null -w '%{http_code}' --unix-socket ${socket} http://x/v1/status`;
    expect((await sh(status, 'ada')).stdout).toBe('200');
    expect((await sh(status, 'bob')).code).not.toBe(0);
    expect((await sh(status)).stdout).toBe('403');
    expect((await sh(`ls ${state}`, 'ada')).code).toBe(0);
    expect((await sh(`ls ${state}`, 'bob')).code).not.toBe(0);
  });

  test('has no network, and writes nowhere but in its own folder', async () => {
    const pid = (await sh(`${userctl} show -P MainPID nanite-rag.service`, 'ada')).stdout.trim();
    const inside = (command: string) => sh(`nsenter -t ${pid} -m -n ${command}`);
    // Control: the same commands outside of it.
    await sh('ip link add dummy0 type dummy 2>/dev/null; ip link set dummy0 up');
    const links = 'grep -c : /proc/net/dev';
    expect(Number((await sh(links)).stdout)).toBeGreaterThanOrEqual(1);
    expect((await sh(`readlink /proc/1/ns/net`)).stdout).not.toBe(
      (await sh(`readlink /proc/${pid}/ns/net`)).stdout,
    );
    expect((await inside(links)).stdout.trim()).toBe('1');
    for (const path of ['/home/ada/written', '/var/tmp/written', `${state}/written`]) {
      expect((await sh(`touch ${path} && rm ${path}`)).code).toBe(0);
    }
    expect((await inside('touch /home/ada/written')).stderr).toContain('Read-only');
    expect((await inside('touch /etc/written')).stderr).toContain('Read-only');
    expect((await inside(`touch ${state}/written`)).code).toBe(0);
    await sh(`rm ${state}/written`);
  });

  test('is confined as far as a unit of a user can be', async () => {
    const { stdout } = await sh(
      'XDG_RUNTIME_DIR=/run/user/1001 systemd-analyze --user security --no-pager nanite-rag.service | tail -n1',
      'ada',
    );
    expect(Number(/: ([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN), stdout).toBeLessThanOrEqual(2);
    const verified = await sh(
      'XDG_RUNTIME_DIR=/run/user/1001 systemd-analyze --user verify --man=no /usr/lib/systemd/user/nanite-rag* 2>&1 | grep nanite',
    );
    expect(verified.stdout).toBe('');
  });
});

describe('a collection', () => {
  test('holds what lies in its folder, and no secrets', async () => {
    await ada(
      `mkdir -p docs/sub docs/.hidden; cd docs; echo 'apples are red' >a.txt; echo 'bananas are yellow' >sub/b.md
       echo 'apples in hiding' >.hidden/x.txt; echo 'apples of a key' >id_rsa; echo '{"apples": 1}' >credentials.json
       ln -s /etc/passwd link.txt; ln -s .. sub/loop; mkfifo pipe.txt`,
    );
    expect((await ask('PUT', '/v1/collections/docs', { roots: ['/home/ada/docs'] })).status).toBe(200);
    await until('apples', 'docs/a.txt');
    await until('bananas', 'docs/sub/b.md');
    await ready('docs');
    expect((await progress('docs')).files).toEqual({ found: 2, indexed: 2, aside: 0 });
  });

  const seconds: Record<string, number> = {};
  test.each<[string, string, string, string[]]>([
    ['new', "echo 'cherries' >c.txt", 'cherries', ['docs/c.txt']],
    ['new in a new folder', "mkdir -p x/y; echo 'dates' >x/y/d.txt", 'dates', ['docs/x/y/d.txt']],
    ['changed', "echo 'elderberries' >>c.txt", 'elderberries', ['docs/c.txt']],
    ['renamed', 'mv c.txt e.txt', 'elderberries', ['docs/e.txt']],
    ['renamed with its folder', 'mv x z', 'dates', ['docs/z/y/d.txt']],
    ['closed to its person', 'chmod 000 e.txt', 'elderberries', []],
    ['opened again', 'chmod 600 e.txt', 'elderberries', ['docs/e.txt']],
    ['in a folder that is closed', 'chmod 000 z/y', 'dates', []],
    ['in a folder that is opened again', 'chmod 700 z/y', 'dates', ['docs/z/y/d.txt']],
    ['deleted', 'rm e.txt', 'elderberries', []],
    ['deleted with its folder', 'rm -r z', 'dates', []],
  ])('follows a file that is %s', async (what, change, query, files) => {
    await ada(`cd docs && ${change}`);
    seconds[what] = await until(query, ...files);
  });

  test('reports how soon', () => {
    expect(Object.keys(seconds)).toHaveLength(11);
    console.log('seconds until a change is found:', seconds);
  });

  test('what may not be read is gone from the index itself, not only from what is shown', async () => {
    await ada("cd docs && echo 'a secret of figs' >f.txt");
    await until('figs', 'docs/f.txt');
    const inIndex =
      `node -e "const s = require('sqlite3'); const d = new s.Database('${state}/index.db', s.OPEN_READONLY);` +
      `d.get(\\"SELECT count(*) AS n FROM chunks WHERE text LIKE '%figs%'\\", (e, r) => console.log(e ?? r.n))"`;
    expect((await ada(inIndex)).trim()).toBe('1');
    await ada('chmod 000 docs/f.txt');
    await expect.poll(async () => (await ada(inIndex)).trim(), { timeout: 60_000 }).toBe('0');
    await ada('rm -f docs/f.txt');
  });

  test('is ready again with the session, and has what changed meanwhile', async () => {
    await ada(
      `${userctl} stop nanite-rag.service nanite-rag.socket; echo 'grapes' >docs/g.txt; rm docs/sub/b.md`,
    );
    await sh('loginctl terminate-user ada; sleep 1; loginctl enable-linger ada; systemctl restart user@1001');
    await expect
      .poll(async () => (await sh(`${userctl} is-active nanite-rag.service`, 'ada')).stdout, {
        timeout: 60_000,
      })
      .toBe('active\n');
    await until('grapes', 'docs/g.txt');
    await until('bananas');
  });
});

describe('faults', () => {
  test('a name with a newline and bytes that are not UTF-8', async () => {
    await ada(`cd docs && printf 'limes' >"$(printf 'odd\\nname\\xff.txt')"`);
    await until('limes', 'docs/odd%0Aname%FF.txt');
    await ada('rm docs/odd*');
    await until('limes');
  });

  test('a file of two gigabytes is set aside, and the rest goes on', async () => {
    await ada(
      "cd docs && truncate -s 2G huge.txt && yes 'plain text' | head -c 8192 | dd of=huge.txt conv=notrunc status=none; echo 'mangos' >m.txt",
    );
    await until('mangos', 'docs/m.txt');
    await ready('docs');
    const { body } = await ask('GET', '/v1/collections/docs/aside');
    expect(body).toMatchObject({
      files: [{ path: '/home/ada/docs/huge.txt', reason: expect.stringMatching(/larger/) }],
    });
    await ada('rm docs/huge.txt');
    await expect.poll(async () => (await progress('docs')).files.aside, { timeout: 60_000 }).toBe(0);
  });

  test('a file that breaks its reader is set aside with the reason', async () => {
    await ada(
      "cd docs && head -c 5000 /dev/urandom >broken.docx && printf '%%PDF-1.7 nothing' >broken.pdf && echo 'nuts' >n.txt",
    );
    await until('nuts', 'docs/n.txt');
    await ready('docs');
    const { body } = await ask('GET', '/v1/collections/docs/aside');
    const { files } = body as { files: Array<{ path: string; reason: string }> };
    expect(files.map(({ path }) => path)).toEqual(['/home/ada/docs/broken.pdf']);
    expect(files[0]?.reason).toMatch(/\w+ \w+/);
    await ada('rm docs/broken.*');
  });

  test('a second indexer is told so and changes nothing', async () => {
    const before = await ada(`ls ${state}`);
    const second = await sh(
      `NANITE_RAG_SOCKET=/tmp/second.sock XDG_RUNTIME_DIR=/run/user/1001 timeout 20 node /usr/lib/nanite/rag/main.mjs`,
      'ada',
    );
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another process already keeps this index');
    expect(await ada(`ls ${state}`)).toBe(before);
    expect(await found('apples')).toEqual(['docs/a.txt']);
  });

  test('a folder that is removed while it is indexed', async () => {
    await ada('mkdir many; for n in $(seq 400); do echo "olives $n" >many/$n.txt; done');
    await ask('PUT', '/v1/collections/many', { roots: ['/home/ada/many'] });
    await ada('rm -r many');
    await expect.poll(async () => (await progress('many')).state, { timeout: 60_000 }).toBe('stopped');
    expect(await progress('many')).toMatchObject({
      why: expect.stringContaining('/home/ada/many'),
      files: { found: 0, indexed: 0 },
      chunks: { all: 0 },
    });
    expect(await found('olives')).toEqual([]);
    await ada("mkdir many; echo 'olives' >many/again.txt");
    await until('olives', 'many/again.txt');
    await ask('DELETE', '/v1/collections/many');
    expect(await found('olives')).toEqual([]);
  });

  test('a full disk stops it with the reason, and it goes on when there is room', async () => {
    await ada(`${userctl} stop nanite-rag.service nanite-rag.socket`);
    await sh(
      `mv ${state} ${state}.kept; mkdir ${state}; mount -t tmpfs -o size=3m,mode=700,uid=1001,gid=1001 tmpfs ${state}`,
    );
    await ada(`${userctl} start nanite-rag.socket; mkdir big; for n in $(seq 60); do
      head -c 60000 /dev/urandom | base64 -w 60 | sed 's/[+/]/ /g' >big/$n.txt; done`);
    await ask('PUT', '/v1/collections/big', { roots: ['/home/ada/big'] });
    await expect.poll(async () => (await progress('big')).state, { timeout: 60_000 }).toBe('stopped');
    expect((await progress('big')).why).toContain('disk is too full');
    const { files } = await progress('big');
    expect(files.indexed).toBeLessThan(60);
    await sh(`mount -o remount,size=100m ${state}`);
    await expect
      .poll(async () => (await progress('big')).files.indexed, { timeout: 120_000, interval: 1000 })
      .toBe(60);
    expect((await progress('big')).files.aside).toBe(0);
    await ada(`${userctl} stop nanite-rag.service nanite-rag.socket`);
    await sh(`umount ${state}; rmdir ${state}; mv ${state}.kept ${state}`);
    await ada(`${userctl} start nanite-rag.socket; rm -r big`);
  });

  test('a damaged index is set aside, and made again from the files', async () => {
    expect(await found('apples')).toEqual(['docs/a.txt']);
    await ada(
      `${userctl} kill -s KILL nanite-rag.service; ${userctl} stop nanite-rag.service nanite-rag.socket`,
    );
    await ada(
      `cd ${state} && rm -f index.db-* && dd if=/dev/urandom of=index.db bs=4096 seek=1 count=20 conv=notrunc status=none`,
    );
    await ada(`${userctl} start nanite-rag.socket`);
    await until('apples', 'docs/a.txt');
    expect(await ada(`ls ${state}`)).toContain('index.db.damaged');
    const { stdout } = await sh('journalctl -o cat --no-pager _UID=1001');
    expect(stdout).toContain('the index was damaged');
  });
});

test('nothing in the journal went wrong otherwise', async () => {
  const { stdout } = await sh('journalctl -o cat --no-pager -p err _UID=1001');
  // PAM's line is of logging in: systemd-logind may have forgotten a session before it is closed.
  // Now and then systemd in a container cannot start a program of another package's unit (gpg-agent's).
  const expected =
    /the index was damaged|indexing stopped|a file could not be indexed|pam_systemd\(.*Failed to release session|^gpg-agent\S*: Failed to spawn executor/;
  expect(stdout.split('\n').filter((line) => line !== '' && !expected.test(line))).toEqual([]);
});

test('without namespaces for users it starts with the walls that hold without, and says so', async () => {
  const said = 'this kernel gives users no namespaces';
  const journal = async () => (await sh('journalctl -o cat --no-pager _UID=1001')).stdout;
  // What the service could do at worst: a probe in its place, with all that the unit says. Outside it can do everything.
  await sh(
    `cat >/srv/probe.mjs <<'JS'
import { connect, createServer } from 'node:net';
import { rmSync, writeFileSync } from 'node:fs';
const attempt = (what) => { try { what(); return 'done'; } catch (error) { return error.code; } };
const write = (path) => attempt(() => { writeFileSync(path, 'x'); rmSync(path); });
const network = await new Promise((resolve) => {
  const socket = connect(22_222, '127.0.0.1', () => resolve('done')).on('error', (error) => resolve(error.code));
  socket.on('close', () => resolve('closed'));
});
console.log('probe ' + JSON.stringify({ network, home: write('/home/ada/written'), own: write('${state}/written') }));
process.exit();
JS
     systemd-run --unit listener socat -u TCP-LISTEN:22222,fork,bind=127.0.0.1 /dev/null 2>/dev/null ||
       systemd-run --unit listener node -e "require('net').createServer().listen(22222, '127.0.0.1')"
     sleep 1`,
  );
  const outside = (await sh('node /srv/probe.mjs', 'ada')).stdout;
  expect(outside).toContain('{"network":"done","home":"done","own":"done"}');
  expect((await ask('GET', '/v1/status')).status).toBe(200);
  expect(await journal()).not.toContain(said);
  await sh(
    `mkdir -p /run/systemd/system/user@1001.service.d; systemctl stop user@1001
     printf '[Service]\\nRestrictNamespaces=~user\\n' >/run/systemd/system/user@1001.service.d/none.conf
     systemctl daemon-reload; systemctl start user@1001; timeout 30 sh -c "until test -S ${socket}; do sleep 0.1; done"`,
  );
  const inside = 'XDG_RUNTIME_DIR=/run/user/1001 systemd-run --user --wait --quiet unshare --user true';
  expect((await sh(inside, 'ada')).code).not.toBe(0);
  expect((await ask('GET', '/v1/status')).status).toBe(200);
  await until('apples', 'docs/a.txt');
  expect(await journal()).toContain(said);
  await ada(
    `${userctl} stop nanite-rag.service
     mkdir -p .config/systemd/user/nanite-rag.service.d
     { echo '[Service]'; echo ExecStart=; echo Restart=no
       grep 'ExecStart=/' /run/user/1001/systemd/generator/nanite-rag.service.d/without-namespaces.conf | sed 's#/usr/lib/nanite/rag/main.mjs#/srv/probe.mjs#'
     } >.config/systemd/user/nanite-rag.service.d/zz-probe.conf
     ${userctl} daemon-reload; ${userctl} start nanite-rag.service`,
  );
  await expect.poll(journal, { timeout: 30_000 }).toContain('probe {');
  const [, probed = ''] = /probe (\{"network.*\})/.exec(await journal()) ?? [];
  expect(JSON.parse(probed)).toEqual({
    network: expect.stringMatching(/EAFNOSUPPORT|EPERM|EACCES/),
    home: expect.stringMatching(/EACCES|EPERM/),
    own: 'done',
  });
});
