import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/**
 * nanite-rag as the service of a team, in a booted trixie with the .debs: each sees what the kernel lets them read at that
 * moment, and nothing shows what else there is. Ada is in the group hr, bob is not. The tests run in order.
 */
let machine: Machine;
const socket = '/run/nanite/rag-team.sock';

const sh = (command: string, user?: string, timeout = 60_000) =>
  machine.run(['bash', '-c', `cd; ${command}`], { check: false, user, timeout });
const must = async (command: string, user?: string) => {
  const { code, stdout, stderr } = await sh(command, user);
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
interface Answer {
  status: number;
  text: string;
}
const ask = async (
  user: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> => {
  const sent = body === undefined ? '' : `--json @-`;
  const { stdout } = await machine.run(
    [
      'bash',
      '-c',
      `curl -sS -m 60 -X ${method} -w '\\n%{http_code}' ${sent} --unix-socket ${socket} 'http://x${path}'`,
    ],
    { user, input: body === undefined ? '' : JSON.stringify(body) },
  );
  const lines = stdout.split('\n');
  const status = Number(lines.pop());
  return { status, text: lines.join('\n') };
};
interface Found {
  hits: Array<{ passage: { id: number; path: string; text: string }; score: number }>;
}
const search = async (user: string | undefined, query: string, more: Record<string, unknown> = {}) => {
  const { text } = await ask(user, 'POST', '/v1/search', { query, mode: 'sparse', limit: 50, ...more });
  return (JSON.parse(text) as Found).hits;
};
/** Names of the files that hold a word, for somebody. */
const found = async (user: string | undefined, query = 'apples', more: Record<string, unknown> = {}) =>
  (await search(user, query, more)).map(({ passage }) => passage.path.replace('/srv/handbook/', '')).sort();
const everything = [
  'acl.txt',
  'ada.txt',
  'all.txt',
  'closed/inside.txt',
  'hr.txt',
  'not-hr.txt',
  'through/inside.txt',
];

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-team', [
    'nanite-rag',
    'nanite-cli',
    'acl',
    'curl',
    'polkitd',
    'libpam-systemd',
    'dbus-user-session',
  ]);
  await must(`
    useradd -m -u 1001 ada; useradd -m -u 1002 bob; useradd -m -u 1003 carol; groupadd hr; groupadd nanite 2>/dev/null
    usermod -aG hr ada; usermod -aG nanite carol; loginctl enable-linger ada; loginctl enable-linger bob
    mkdir -p /srv/handbook/closed /srv/handbook/through; cd /srv/handbook
    echo 'apples for everybody' >all.txt
    echo 'apples of the salaries are paid in the month of March' >hr.txt; chgrp hr hr.txt; chmod 640 hr.txt
    echo 'apples that staff of hr may not see' >not-hr.txt; chgrp hr not-hr.txt; chmod 604 not-hr.txt
    echo 'apples that ada wrote down' >ada.txt; chown ada: ada.txt; chmod 600 ada.txt
    echo 'apples on a list of access' >acl.txt; chmod 600 acl.txt; setfacl -m u:bob:r acl.txt
    echo 'apples behind a closed door' >closed/inside.txt; chgrp hr closed; chmod 750 closed
    echo 'apples behind a curtain' >through/inside.txt; chmod 711 through
    chmod 755 /srv/handbook`);
});
afterAll(() => machine?.stop());

describe('whoever did not ask for it', () => {
  test('has no such service, and it can be switched on', async () => {
    expect((await sh('systemctl is-enabled nanite-rag-team.socket')).stdout).toBe('disabled\n');
    expect((await sh(`test -e ${socket}`)).code).not.toBe(0);
    const absent = await sh('nanite knowledge list --team', 'ada');
    expect(absent.code).not.toBe(0);
    expect(absent.stderr).toContain('systemctl enable --now nanite-rag-team.socket');
    await must('systemctl enable --now nanite-rag-team.socket');
    expect((await sh('systemctl is-active nanite-rag-team.service')).stdout).toBe('inactive\n');
  });
});

describe('who says what is shared', () => {
  test('not just anybody: the refusal says who, and nothing is shared', async () => {
    const refused = await sh('nanite knowledge add --team --no-wait /srv/handbook', 'bob');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/members of the group nanite can share folders[^]*adduser/);
    for (const [method, path] of [
      ['DELETE', '/v1/collections/handbook'],
      ['POST', '/v1/collections/handbook/scan'],
      ['GET', '/v1/collections/handbook/export'],
      ['POST', '/v1/import'],
    ] as const) {
      expect((await ask('bob', method, path)).status, `${method} ${path}`).toBe(403);
    }
    expect(await must('nanite knowledge list --team')).toContain('No collections yet');
  });

  test('whom polkit lets: only as long as it does', async () => {
    await must('mkdir -m 755 /srv/minutes; echo "minutes of the meeting" >/srv/minutes/all.txt');
    await machine.run('cat >/etc/polkit-1/rules.d/10-bob.rules && systemctl restart polkit', {
      input: `polkit.addRule(function (action, subject) {
        if (action.id === 'org.nanite.knowledge.change' && subject.user === 'bob') return polkit.Result.YES; });`,
    });
    await must('nanite knowledge add --team --wait /srv/minutes', 'bob');
    expect(await must('nanite knowledge list --team')).toMatch(/minutes +ready +1/);
    // The rule is bob's alone, and polkit is asked each time.
    expect((await sh('nanite knowledge remove --team minutes', 'ada')).code).not.toBe(0);
    await must('rm /etc/polkit-1/rules.d/10-bob.rules; systemctl restart polkit');
    const refused = await sh('nanite knowledge remove --team minutes', 'bob');
    expect(refused.stderr).toMatch(/members of the group nanite can share folders/);
    await must('nanite knowledge remove --team minutes; rm -r /srv/minutes');
  });

  test('a member of the group nanite', async () => {
    await must('nanite knowledge add --team --exclude "*.secret-pattern" --wait /srv/handbook', 'carol');
    expect(await must('nanite knowledge list --team')).toMatch(/handbook +ready +7/);
  });
});

describe('each sees what they may read', () => {
  test('control: all of it is in the index, which root sees', async () => {
    expect(await found(undefined)).toEqual(everything);
  });

  test('by the owner, by groups, by lists of access, and by the folders on the way', async () => {
    expect(await found('ada')).toEqual([
      'ada.txt',
      'all.txt',
      'closed/inside.txt',
      'hr.txt',
      'through/inside.txt',
    ]);
    expect(await found('bob')).toEqual(['acl.txt', 'all.txt', 'not-hr.txt', 'through/inside.txt']);
    // Who administers it sees no more for that.
    expect(await found('carol')).toEqual(['all.txt', 'not-hr.txt', 'through/inside.txt']);
  });

  test('exactly what cat shows them', async () => {
    for (const user of ['ada', 'bob', 'carol']) {
      const { stdout } = await sh(
        `cd /srv/handbook; for f in ${everything.join(' ')}; do cat $f >/dev/null 2>&1 && echo $f; done`,
        user,
      );
      expect(await found(user), user).toEqual(stdout.trim().split('\n'));
    }
  });

  test.each(['sparse', 'names', 'hybrid'])(
    'in the mode %s too, by words and by names of files',
    async (mode) => {
      expect(await found(undefined, 'salaries hr.txt', { mode })).toContain('hr.txt');
      expect(await found('ada', 'salaries hr.txt', { mode })).toContain('hr.txt');
      expect(await found('bob', 'salaries hr.txt', { mode })).not.toContain('hr.txt');
    },
  );

  test('no word of the rest is in any answer', async () => {
    const secret = /salar|hr\.txt|ada\.txt|closed|secret-pattern/;
    const seen: string[] = [];
    for (const [method, path, body] of [
      ['GET', '/v1/status'],
      ['GET', '/v1/collections'],
      ['GET', '/v1/collections/handbook'],
      ['GET', '/v1/collections/handbook/aside'],
      ['GET', '/v1/collections/secret'],
      ['POST', '/v1/search', { query: 'apples', mode: 'names', limit: 50 }],
      ['POST', '/v1/search', { query: 'salar', mode: 'names', limit: 50 }],
      ['POST', '/v1/search', { query: 'apples', filter: { collections: ['other'] } }],
      ['POST', '/v1/search', { query: 'apples', filter: { path: '**/hr*' } }],
      ['POST', '/v1/ask', { question: 'What do the salaries say?' }],
    ] as const) {
      const { text } = await ask('bob', method, path, body);
      seen.push(text.replaceAll('not-hr.txt', ''));
    }
    // That such words can be seen in these: ada does.
    expect(
      (await ask('ada', 'POST', '/v1/search', { query: 'apples', mode: 'names', limit: 50 })).text,
    ).toMatch(secret);
    for (const text of seen) expect(text).not.toMatch(secret);
  });

  test('a passage of a file that is not theirs is not there, under its number either', async () => {
    const [secret] = await search(undefined, 'salaries');
    const path = `/v1/passages/${secret!.passage.id}`;
    expect((await ask('ada', 'GET', path)).status).toBe(200);
    const refused = await ask('bob', 'GET', path);
    const none = await ask('bob', 'GET', '/v1/passages/999999');
    expect(refused.status).toBe(404);
    expect(refused.text.replace(/\d+/g, 'N')).toBe(none.text.replace(/\d+/g, 'N'));
  });

  test('counts are of what they may read; the whole is told to who administers it', async () => {
    const files = async (user: string | undefined) =>
      (
        JSON.parse((await ask(user, 'GET', '/v1/collections/handbook')).text) as {
          progress: { files: { indexed: number } };
        }
      ).progress.files.indexed;
    expect(await files(undefined)).toBe(7);
    expect(await files('carol')).toBe(7);
    expect(await files('bob')).toBe(4);
    expect(await files('ada')).toBe(5);
  });

  test('an answer quotes only what they may read', async () => {
    const question = { question: 'In which month are the salaries paid?' };
    expect((await ask('ada', 'POST', '/v1/ask', question)).text).toContain('salaries');
    const { text } = await ask('bob', 'POST', '/v1/ask', question);
    expect(text).toContain('"event":"done"');
    expect(text).not.toContain('of the salaries');
  });

  test('scores say nothing of what they may not read', async () => {
    const scores = async () => (await search('bob', 'apples curtain list')).map(({ score }) => score);
    const before = await scores();
    const root = async () => (await search(undefined, 'apples curtain list')).map(({ score }) => score);
    const all = await root();
    await must(
      `cd /srv/handbook; for n in $(seq 30); do echo "curtain curtain number $n" >closed/$n.txt; done`,
    );
    await expect
      .poll(async () => (await found(undefined, 'curtain')).length, { timeout: 30_000 })
      .toBeGreaterThan(20);
    expect(await root()).not.toEqual(all);
    expect(await scores()).toEqual(before);
    await must('rm /srv/handbook/closed/[0-9]*.txt');
    await expect.poll(async () => (await found(undefined, 'curtain')).length, { timeout: 30_000 }).toBe(1);
  });
});

describe('a change counts at the next question', () => {
  /** Two seconds are what somebody’s files and groups are remembered, and the index needs a moment for new files. */
  const soon = { timeout: 10_000, interval: 200 };

  test('what is closed is gone at once', async () => {
    expect(await found('bob')).toContain('all.txt');
    await must('chmod 600 /srv/handbook/all.txt');
    expect(await found('bob')).not.toContain('all.txt');
    expect(await found(undefined)).toContain('all.txt');
    await must('chmod 644 /srv/handbook/all.txt');
    await expect.poll(() => found('bob'), soon).toContain('all.txt');
  });

  test('a folder on the way that is closed closes what is below it, at once', async () => {
    await must('chmod 700 /srv/handbook/through');
    expect(await found('bob')).not.toContain('through/inside.txt');
    await must('chmod 711 /srv/handbook/through');
    await expect.poll(() => found('bob'), soon).toContain('through/inside.txt');
  });

  test('a list of access that loses a name', async () => {
    await must('setfacl -x u:bob /srv/handbook/acl.txt');
    expect(await found('bob')).not.toContain('acl.txt');
    await must('setfacl -m u:bob:r /srv/handbook/acl.txt');
    await expect.poll(() => found('bob'), soon).toContain('acl.txt');
  });

  test('somebody who comes into a group, and who leaves it', async () => {
    await must('gpasswd -a bob hr');
    await expect.poll(() => found('bob'), soon).toContain('hr.txt');
    // And what those of the group may not see, he sees no longer.
    expect(await found('bob')).not.toContain('not-hr.txt');
    await must('gpasswd -d bob hr');
    await expect.poll(() => found('bob'), soon).not.toContain('hr.txt');
  });

  test('another file that takes the place of one shows nothing of what that said', async () => {
    await must('mkdir -m 777 /srv/open; nanite knowledge add --team --wait /srv/open');
    await must(
      'mkdir -m 700 /srv/open/mine; echo "pears in private" >/srv/open/mine/diary.txt; chmod 644 /srv/open/mine/diary.txt',
      'ada',
    );
    await expect.poll(() => found('ada', 'pears'), soon).toHaveLength(1);
    expect(await found('bob', 'pears')).toEqual([]);
    // The index may not notice: what it knows of that path is ada's text, and the path is bob's now.
    await must('kill -STOP $(systemctl show -P MainPID nanite-rag-team.service)');
    await must(
      'cd /srv/open; mv mine theirs; mkdir mine; echo "nothing" >mine/diary.txt; chmod 755 mine',
      'bob',
    );
    const asked = found('bob', 'pears');
    await must('kill -CONT $(systemctl show -P MainPID nanite-rag-team.service)');
    expect(await asked).toEqual([]);
    await must('nanite knowledge remove --team open; rm -r /srv/open');
  });
});

describe('what could be used against it', () => {
  const pidOf = async (unit: string) => (await must(`systemctl show -P MainPID ${unit}`)).trim();

  test('the service reads and may not become anybody; who judges may become, and reads nothing by itself', async () => {
    await found('bob');
    const capabilities = async (pid: string) =>
      Number.parseInt(/CapEff:\s*([0-9a-f]+)/.exec(await must(`cat /proc/${pid}/status`))![1]!, 16);
    const [CAP_DAC_READ_SEARCH, CAP_SETGID, CAP_SETUID] = [1 << 2, 1 << 6, 1 << 7];
    expect(await capabilities(await pidOf('nanite-rag-team'))).toBe(CAP_DAC_READ_SEARCH);
    expect(await capabilities(await pidOf('nanite-rag-access'))).toBe(CAP_SETGID | CAP_SETUID);
  });

  test('what looks into files has none of it', async () => {
    await must(
      'for n in $(seq 40); do head -c 20000 /dev/zero | tr "\\0" "x " >/srv/handbook/long-$n.txt; done',
    );
    const main = await pidOf('nanite-rag-team');
    await expect
      .poll(
        async () => (await sh(`pgrep -P ${main} | xargs -r -n1 -I{} grep -h CapEff /proc/{}/status`)).stdout,
        soonest,
      )
      .toMatch(/CapEff/);
    const { stdout } = await sh(
      `for p in $(pgrep -P ${main}); do grep -q extract.mjs /proc/$p/cmdline && grep -hE 'Cap(Eff|Prm|Amb|Inh)' /proc/$p/status; done`,
    );
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\w+:\s*/, '')),
    ).toEqual(Array.from({ length: stdout.trim().split('\n').length }, () => '0000000000000000'));
    await must('rm /srv/handbook/long-*.txt');
  });
  const soonest = { timeout: 20_000, interval: 50 };

  test('nobody but the service asks who may read what', async () => {
    const question = `curl -sS -m 10 --unix-socket /run/nanite/rag-access.sock http://x/v1/readable --json '{"uid":1001,"files":[{"path":"L2V0Yy9wYXNzd2Q=","identity":null}]}'`;
    expect((await sh(question)).stdout).toBe('{"may":[true]}');
    expect((await sh(question, 'bob')).code).not.toBe(0);
  });

  test('they cannot trace, stop or replace who judges for them', async () => {
    await found('bob');
    const pid = await pidOf('nanite-rag-access');
    expect((await sh(`kill -STOP ${pid}`, 'bob')).code).not.toBe(0);
    expect((await sh(`cat /proc/${pid}/mem`, 'bob')).code).not.toBe(0);
    // Control: of a process of his own he can.
    expect(
      (await sh('sleep 60 & kill -STOP $! && head -c 0 /proc/$!/mem && kill -KILL $!', 'bob')).code,
    ).toBe(0);
  });

  test('where nobody can judge, nothing is shown, and it is said', async () => {
    const pid = await pidOf('nanite-rag-access');
    await must(`kill -STOP ${pid}; sleep 2.5`);
    const { status, text } = await ask('bob', 'POST', '/v1/search', { query: 'apples' });
    expect(status).toBe(503);
    expect(text).toContain('access-unknown');
    await must(`kill -CONT ${pid}`);
    await expect.poll(() => found('bob'), { timeout: 20_000 }).toContain('all.txt');
  });

  test('passwords of the machine are out of its reach, whoever names them', async () => {
    // Control: root reads them, and the service reads what root alone may read elsewhere.
    expect(await must('cat /etc/shadow')).toContain('root:');
    const pid = await pidOf('nanite-rag-team');
    const inside = (path: string) => must(`nsenter -t ${pid} -m cat ${path}`);
    expect(await inside('/srv/handbook/ada.txt')).toContain('apples');
    expect(await inside('/etc/shadow')).toBe('');
    await must('nanite knowledge add --team --wait --name shadow /etc/shadow');
    expect(await found(undefined, 'root')).toEqual([]);
    await must('nanite knowledge remove --team shadow');
  });
});

describe('beside what is one’s own', () => {
  const ready = 'timeout 30 sh -c "until test -S /run/user/1001/nanite/rag.sock; do sleep 0.1; done"; ';
  const ada = (command: string) => must(`export XDG_RUNTIME_DIR=/run/user/1001; ${command}`, 'ada');

  test('one list of both, with whose it is', async () => {
    await must(ready);
    await ada('mkdir notes; echo "apples in my notes" >notes/a.txt; nanite knowledge add --wait ~/notes');
    const { hits } = JSON.parse(await ada('nanite search --json -n 20 apples')) as {
      hits: Array<{ passage: { scope: string; path: string } }>;
    };
    const of = (scope: string) =>
      hits.filter(({ passage }) => passage.scope === scope).map(({ passage }) => passage.path);
    expect(of('own')).toEqual(['/home/ada/notes/a.txt']);
    expect(of('team')).toHaveLength(5);
    expect(await ada('nanite search -n 20 apples')).toMatch(/\/srv\/handbook\/.*team/);
    expect(await ada('nanite search --own -n 20 apples')).not.toContain('/srv/handbook');
    expect(await ada('nanite search --team -n 20 apples')).not.toContain('notes/a.txt');
    expect(await ada('nanite search -c handbook -n 20 apples')).not.toContain('notes/a.txt');
    expect(await ada('nanite knowledge')).toMatch(/notes[^]*Shared on this machine[^]*handbook +ready +5/);
  });

  test('an answer cites both, and its citation opens', async () => {
    // No chat model is installed here: the passages are quoted, which is not an answer.
    const said = await ada('nanite ask --knowledge "In which month are the salaries paid?" || test $? = 7');
    expect(said).toMatch(/\[1\] .*hr\.txt.* · team/);
    expect(await ada('nanite open --print --with cat 1')).toContain('/srv/handbook/hr.txt');
  });

  test('who has no service of their own asks the team’s', async () => {
    const { stdout } = await sh('XDG_RUNTIME_DIR=/nonexistent nanite search -n 20 apples', 'bob');
    expect(stdout).toContain('/srv/handbook/all.txt');
    expect(stdout).not.toContain('hr.txt\n');
  });
});

test('a machine that starts again watches what is shared', async () => {
  await must('systemctl stop nanite-rag-team.service nanite-rag-team.socket');
  await must('echo "apples while nobody looked" >/srv/handbook/later.txt');
  await must('systemctl start nanite-rag-team.socket nanite-rag-team-boot.service');
  await expect
    .poll(async () => (await sh('systemctl is-active nanite-rag-team.service')).stdout, { timeout: 20_000 })
    .toBe('active\n');
  await expect.poll(() => found('bob'), { timeout: 20_000 }).toContain('later.txt');
});

test('it is gone with the package, and a purge leaves nothing of it', async () => {
  await must('DEBIAN_FRONTEND=noninteractive apt-get purge -y nanite-rag');
  expect((await sh('ls /var/lib/nanite/knowledge /run/nanite/rag-team.sock')).code).not.toBe(0);
  expect((await sh('pgrep -f nanite/rag/team.mjs')).stdout).toBe('');
});
