import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** The model store in a booted trixie: two people, a web server on loopback, real weights. The tests run in order. */
const packages = [
  'nanite-models',
  'nanite-cli',
  'nanite-engine',
  'nanite-gateway',
  'nanite-llama',
  'nanite-model-smollm2-135m-instruct',
  'polkitd',
  // A stand-in for NetworkManager.
  'python3-dbusmock',
];
const packaged = '/usr/share/nanite/models/smollm2-135m-instruct-q4-1';
const store = '/var/lib/nanite/models';
const chunkBytes = 4 * 2 ** 20;
let machine: Machine;
let sha256: string;

/** Serves /srv with ranges; under /slow/ a megabyte each 300 ms, under /endless/ zeros without a length. */
const server = `
  const fs = require('fs');
  require('http').createServer((request, response) => {
    const url = request.url.split('?')[0];
    if (url.startsWith('/endless/')) {
      if (request.method === 'HEAD') return void response.end();
      const zeros = Buffer.alloc(1 << 20);
      const more = () => { while (!response.destroyed && response.write(zeros)); };
      response.on('drain', more);
      return void more();
    }
    const slow = url.startsWith('/slow/');
    let size;
    const path = '/srv/' + url.split('/').at(-1);
    try { size = fs.statSync(path).size; } catch { return void response.writeHead(404).end(); }
    const range = /^bytes=(\\d+)-(\\d*)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0;
    const end = range && range[2] !== '' ? Math.min(Number(range[2]), size - 1) : size - 1;
    fs.appendFileSync('/run/served', request.method + ' ' + start + '-' + end + '\\n');
    response.writeHead(range ? 206 : 200, {
      'content-length': end - start + 1,
      'accept-ranges': 'bytes',
      etag: '"' + size + '"',
      ...(range && { 'content-range': 'bytes ' + start + '-' + end + '/' + size }),
    });
    if (request.method === 'HEAD') return void response.end();
    const file = fs.createReadStream(path, { start, end, highWaterMark: slow ? 1 << 20 : 1 << 18 });
    file.on('data', (part) => {
      if (!response.write(part) || slow) {
        file.pause();
        if (slow) setTimeout(() => file.resume(), 300);
        else response.once('drain', () => file.resume());
      }
    });
    file.on('end', () => response.end());
    response.on('close', () => file.destroy());
  }).listen(8099, '127.0.0.1');`;

beforeAll(async () => {
  machine = await Machine.withPackages('models-package', packages);
  await machine.run(
    'useradd --create-home ada; useradd --create-home bob; usermod --append --groups nanite bob',
  );
  await machine.run(
    `mkdir -p /etc/nanite/config.d && echo 'models: { chunkBytes: ${chunkBytes} }' >/etc/nanite/config.d/chunks.yaml`,
  );
  sha256 = (await machine.run(`sha256sum ${packaged}/model.gguf`)).stdout.split(' ')[0]!;
  await machine.run(
    `cp ${packaged}/model.gguf /srv/tiny.gguf && head -c 1000000 /srv/tiny.gguf >/srv/cut.gguf`,
  );
  await machine.run('cat >/srv/server.js', { input: server });
  // A unit that comes back after a boot, and later than the store: as a network does.
  await machine.run(
    "printf '[Service]\\nExecStartPre=/bin/sleep 3\\nExecStart=/usr/bin/node /srv/server.js\\n[Install]\\nWantedBy=multi-user.target\\n' " +
      '>/etc/systemd/system/files.service && systemctl enable --quiet --now files && sleep 1',
  );
});
afterAll(() => machine?.stop());

interface Answer {
  status: number;
  /** The body, or the last line of a stream. */
  body: Record<string, unknown> | null;
}

/** A request over a unix socket by the Node inside, as a user. */
const ask = async (
  socket: string,
  user: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> => {
  const script = `
    const [socketPath, method, path, body] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const sent = body === null ? '' : JSON.stringify(body);
    const headers = { 'content-length': Buffer.byteLength(sent) };
    const call = require('http').request({ socketPath, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => {
        const last = text.trim().split('\\n').at(-1);
        console.log(JSON.stringify({ status: answer.statusCode, body: last ? JSON.parse(last) : null }));
      });
      answer.on('error', (error) => console.log(JSON.stringify({ status: 0, body: { error: error.code } })));
    });
    call.on('error', (error) => console.log(JSON.stringify({ status: 0, body: { error: error.code } })));
    call.end(sent);`;
  const { stdout } = await machine.run(['node', '-e', script], {
    user,
    input: JSON.stringify([socket, method, path, body ?? null]),
  });
  return JSON.parse(stdout) as Answer;
};
const models = (user: string, method: string, path: string, body?: unknown) =>
  ask('/run/nanite/models.sock', user, method, path, body);
const pull = (user: string, reference: string, name: string, more = {}) =>
  models(user, 'POST', '/v1/pull', { reference, name, insecure: true, ...more });
const names = async (user = 'ada'): Promise<string[]> => {
  const { body } = await models(user, 'GET', '/v1/models');
  return (body!['models'] as Array<{ manifest: { name: string } }>).map(({ manifest }) => manifest.name);
};
const journal = async () => (await machine.run('journalctl -o cat --no-pager -u nanite-models')).stdout;
const address = (path: string, digest = sha256) => `http://127.0.0.1:8099/${path}#sha256=${digest}`;

test('runs only when asked, and lists the models of packages in their place', async () => {
  const active = await machine.run('systemctl is-active nanite-models.service', { check: false });
  expect(active.stdout).toBe('inactive\n');
  const { body } = await models('ada', 'GET', '/v1/models');
  expect(body).toMatchObject({ models: [{ origin: 'package', path: packaged, missing: [] }] });
  expect((await models('ada', 'GET', '/v1/du')).body).toMatchObject({ totalBytes: 0 });
});

test('somebody without rights is refused, and both that and what others do is in the journal', async () => {
  const refused = await pull('ada', address('tiny.gguf'), 'tiny:1');
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'not-authorised' } } });
  expect(await names()).not.toContain('tiny:1');
  // A member of the group may: positive control.
  const { body } = await pull('bob', address('tiny.gguf'), 'tiny:1');
  expect(body).toMatchObject({ status: 'success', model: 'tiny-1' });
  expect(await names()).toContain('tiny:1');
  expect(await models('ada', 'DELETE', '/v1/models/tiny%3A1')).toMatchObject({ status: 403 });
  const bob = (await machine.run('id -u bob')).stdout.trim();
  const ada = (await machine.run('id -u ada')).stdout.trim();
  const lines = await journal();
  expect(lines).toMatch(new RegExp(`pull uid=${bob} pid=\\d+ subject="http://127.0.0.1:8099/tiny.gguf`));
  expect(lines).toContain(`user ${ada} is not allowed to change`);
});

test('whom polkit lets may change too', async () => {
  const pin = () => models('ada', 'POST', '/v1/pin', { model: 'tiny:1', pinned: false });
  expect((await pin()).status).toBe(403);
  await machine.run('cat >/etc/polkit-1/rules.d/10-ada.rules && systemctl restart polkit', {
    input: `polkit.addRule(function (action, subject) {
      if (action.id === 'org.nanite.models.change' && subject.user === 'ada') return polkit.Result.YES; });`,
  });
  expect((await pin()).status).toBe(200);
  await machine.run('rm /etc/polkit-1/rules.d/10-ada.rules && systemctl restart polkit');
  expect((await pin()).status).toBe(403);
});

test('nobody speaks for somebody else but the gateway', async () => {
  const script = (uid: string) => `
    const call = require('http').request({ socketPath: '/run/nanite/models.sock', method: 'POST', path: '/v1/gc', agent: false,
      headers: { 'nanite-acting-for': '${uid}' } }, (answer) => { console.log(answer.statusCode); answer.resume(); });
    call.end();`;
  const as = async (user: string, uid: string) =>
    (await machine.run(['node', '-e', script(uid)], { user })).stdout.trim();
  const bob = (await machine.run('id -u bob')).stdout.trim();
  const ada = (await machine.run('id -u ada')).stdout.trim();
  expect(await as('ada', '0')).toBe('403');
  expect(await as('nanite-gateway', bob)).toBe('200');
  expect(await as('nanite-gateway', ada)).toBe('403');
  expect((await models('nanite-gateway', 'POST', '/v1/gc')).status).toBe(403);
});

test('a pulled model answers through the gateway, as the same file from a package does', async () => {
  const answer = async (model: string) => {
    const { body } = await ask('/run/nanite/gateway.sock', 'ada', 'POST', '/api/chat', {
      model,
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'What is the capital of France?' },
      ],
      options: { temperature: 0, num_predict: 30 },
      stream: false,
    });
    return (body!['message'] as { content: string }).content;
  };
  const pulled = await answer('tiny:1');
  expect(pulled).toContain('Paris');
  expect(pulled).toBe(await answer('smollm2:135m'));
});

test('nanite and the gateway ask the same store, for the person who asks them', async () => {
  const nanite = (user: string, ...args: string[]) =>
    machine.run(['nanite', 'models', ...args], { user, check: false });
  const pulled = await nanite('bob', 'pull', '--insecure', '--name', 'cli:1', address('tiny.gguf'));
  expect(pulled, pulled.stderr).toMatchObject({ code: 0 });
  expect((await nanite('ada', 'list')).stdout).toContain('cli:1');
  const refused = await nanite('ada', 'rm', 'cli:1');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('not allowed to change the models');
  const gateway = (user: string, method: string, path: string, body: unknown) =>
    ask('/run/nanite/gateway.sock', user, method, path, body);
  const again = { model: address('tiny.gguf'), insecure: true };
  expect((await gateway('ada', 'POST', '/api/pull', again)).status).toBe(403);
  expect((await gateway('bob', 'POST', '/api/pull', again)).body).toMatchObject({ status: 'success' });
  expect((await gateway('bob', 'DELETE', '/api/delete', { model: 'tiny' })).status).toBe(200);
  expect((await gateway('ada', 'DELETE', '/api/delete', { model: 'cli:1' })).status).toBe(403);
  expect((await gateway('bob', 'DELETE', '/api/delete', { model: 'cli:1' })).status).toBe(200);
  expect(await names()).not.toContain('cli:1');
  const through = (await machine.run('id -u nanite-gateway')).stdout.trim();
  expect(await journal()).toMatch(new RegExp(`removed uid=\\d+ through=${through} model="cli:1"`));
});

test('Ctrl-C in a download keeps what came, leaves nothing running, and the same command continues', async () => {
  const url = 'http://127.0.0.1:8099/slow/tiny.gguf';
  const command = `nanite pull --insecure --name stopped:1 ${url}`;
  // `exec`: a shell in between would take Ctrl-C for its own end. Pressed when some of the file is there.
  const keys =
    "i=0; until grep -q '[1-9] MiB of' /tmp/pull; do sleep 0.1; i=$((i + 1)); [ $i -lt 300 ] || exit 1; done; printf '\\003'; sleep 1";
  const stopped = await machine.run(
    `rm -f /tmp/pull; touch /tmp/pull; (${keys}) | script -qefc 'exec ${command}' /tmp/pull`,
    { user: 'bob', check: false },
  );
  expect(stopped.code).toBe(130);
  const [, came] = /stopped at ([\d.]+) MiB of [\d.]+ MiB; run the same command/.exec(stopped.stdout) ?? [];
  expect(Number(came)).toBeGreaterThan(0);
  const jobs = async () =>
    (await machine.run('nanite models jobs --json', { user: 'bob' })).stdout.match(/"state": *"running"/g);
  expect(await jobs()).toBeNull();
  expect((await machine.run('pgrep -f "^[^ ]*node .*nanite pull"', { check: false })).stdout).toBe('');

  await machine.run(': >/run/served');
  await machine.run(command, { user: 'bob' });
  const served = (await machine.run("awk '/^GET/ {print $2}' /run/served")).stdout.trim().split('\n');
  const bytes = served
    .map((range) => range.split('-').map(Number) as [number, number])
    .reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const whole = Number((await machine.run('stat -c %s /srv/tiny.gguf')).stdout);
  expect(bytes).toBeLessThan(whole);
  await machine.run('nanite models rm stopped:1', { user: 'bob' });
});

describe('what is not what it should be', () => {
  test.each([
    ['another digest than promised', () => address('tiny.gguf', 'a'.repeat(64)), 'digest-mismatch'],
    ['a header whose tensors are not there', () => 'http://127.0.0.1:8099/cut.gguf', 'refused-model'],
    ['a private address without insecure', () => address('tiny.gguf'), null],
  ])('%s is refused', async (what, reference, code) => {
    const { body } = await pull('bob', reference(), 'bad:1', code === null ? { insecure: false } : {});
    console.log(what, JSON.stringify(body));
    const said = (body!['error'] as { code?: string })?.code ?? body!['code'];
    expect(said).toEqual(code ?? expect.any(String));
    expect(await names()).not.toContain('bad:1');
    expect((await machine.run(`ls ${store}/blobs`)).stdout.trim().split('\n')).toHaveLength(1);
  });
});

/** Whether a model is there; asking the service would wake it. */
const arrives = (id: string): Promise<unknown> =>
  machine.run(`until test -e ${store}/${id}/manifest.json; do sleep 0.5; done`, { timeout: 110_000 });

test('a service killed in the middle goes on where it was, without being asked', async () => {
  await machine.run(`systemctl restart nanite-models.service`);
  await models('bob', 'DELETE', '/v1/models/tiny%3A1');
  const cut = pull('bob', address('slow/tiny.gguf'), 'slow:1');
  await machine.run('sleep 2');
  const { stdout: state } = await machine.run(
    `systemctl kill --signal=KILL nanite-models.service && : >/run/served && cat ${store}/partial/*.json`,
  );
  expect((await cut).body).not.toMatchObject({ status: 'success' });
  const had = (JSON.parse(state) as { have: number[] }).have.reduce((sum, bytes) => sum + bytes, 0);
  expect(had).toBeGreaterThan(1_000_000);
  await arrives('slow-1');
  expect(await names()).toContain('slow:1');
  const served = (await machine.run('cat /run/served')).stdout.trim().split('\n');
  const asked = served
    .filter((line) => line.startsWith('GET'))
    .map((line) => line.split(/[ -]/).map(Number))
    .reduce((sum, [, start, end]) => sum + end! - start! + 1, 0);
  console.log(`had ${had} bytes; asked for ${asked} after the kill`);
  expect(asked).toBeLessThanOrEqual(98_362_432 - had + chunkBytes);
  const bob = (await machine.run('id -u bob')).stdout.trim();
  expect(await journal()).toMatch(new RegExp(`a pull goes on uid=${bob}`));
});

test('a changed byte is found, and the file fetched again', async () => {
  const blob = `${store}/blobs/sha256-${sha256}`;
  await machine.run(`printf x | dd of=${blob} bs=1 seek=5000000 conv=notrunc status=none`);
  const { body } = await models('bob', 'POST', '/v1/verify', {});
  expect(body).toMatchObject({
    status: 'success',
    result: { bad: [{ sha256, what: 'wrong-hash', repaired: true, models: ['slow-1'] }] },
  });
  expect((await machine.run(`sha256sum ${store}/slow-1/*.gguf`)).stdout).toContain(sha256);
});

test('removing frees the disk', async () => {
  const { body } = await models('bob', 'DELETE', '/v1/models/slow%3A1');
  expect(body).toMatchObject({ model: 'slow-1', freedBytes: 98362432 });
  expect((await machine.run(`ls ${store}/blobs`)).stdout).toBe('');
});

test('a pull waits while NetworkManager calls the connection metered, and goes on when it does not', async () => {
  const name = 'org.freedesktop.NetworkManager';
  const place = `${name} /org/freedesktop/NetworkManager`;
  await machine.run(`cat >/etc/dbus-1/system.d/stand-in.conf && systemctl reload dbus`, {
    input: `<busconfig><policy user="root"><allow own="${name}"/></policy>
      <policy context="default"><allow send_destination="${name}"/></policy></busconfig>`,
  });
  await machine.run(
    `systemd-run --quiet --unit=stand-in python3 -m dbusmock --system ${place} ${name} && ` +
      `until busctl call ${place} org.freedesktop.DBus.Mock AddProperty ssv ${name} Metered u 1 2>/dev/null; do sleep 0.2; done`,
  );
  await machine.run(': >/run/served');
  const pulling = pull('bob', address('tiny.gguf'), 'metered:1');
  const state = async () => {
    const { body } = await models('ada', 'GET', '/v1/jobs');
    return (body!['jobs'] as Array<{ state: string; subject: string }>).at(-1)?.state;
  };
  await expect.poll(state, { timeout: 20_000 }).toBe('waiting');
  expect((await machine.run('grep -c ^GET /run/served', { check: false })).stdout.trim()).toBe('0');
  // Who says so does not wait.
  expect((await pull('bob', address('tiny.gguf'), 'hurried:1', { metered: true })).body).toMatchObject({
    status: 'success',
  });
  await machine.run(`busctl set-property ${place} ${name} Metered u 2`);
  expect((await pulling).body).toMatchObject({ status: 'success', model: 'metered-1' });
  await machine.run(
    'systemctl stop stand-in && rm /etc/dbus-1/system.d/stand-in.conf && systemctl reload dbus',
  );
  for (const model of ['metered', 'hurried']) await models('bob', 'DELETE', `/v1/models/${model}%3A1`);
});

test('making a model goes on where the service was killed, and leaves nothing else behind', async () => {
  const request = { model: 'smaller:1', from: 'smollm2:135m', quantize: 'q4_0', requantize: true };
  const cut = models('bob', 'POST', '/v1/create', request);
  const jobOf = async () => {
    const { body } = await models('bob', 'GET', '/v1/jobs');
    return (body!['jobs'] as Array<{ kind: string; state: string; last: { status: string } | null }>).find(
      ({ kind }) => kind === 'create',
    );
  };
  await expect.poll(jobOf, { timeout: 20_000, interval: 50 }).toMatchObject({ state: 'running' });
  await machine.run('systemctl kill --signal=KILL nanite-models.service');
  expect((await cut).body).not.toMatchObject({ status: 'success' });
  await expect.poll(jobOf, { timeout: 60_000, interval: 500 }).toMatchObject({ state: 'done' });
  const told = await machine.run(['nanite', 'models', 'jobs', '--all'], { user: 'bob' });
  expect(told.stdout).toMatch(/create smaller:1 +done/);
  expect(await names()).toContain('smaller:1');
  expect(await journal()).toContain('a create goes on');
  await models('bob', 'DELETE', '/v1/models/smaller%3A1');
  expect((await models('bob', 'GET', '/v1/du')).body).toMatchObject({
    partialBytes: 0,
    unreferencedBytes: 0,
  });
});

describe('a boot', () => {
  /** systemd ends everything and starts it again; the kernel stays. */
  const boot = async (count: number) => {
    await machine.run('systemctl soft-reboot', { check: false, timeout: 30_000 });
    const state = async () =>
      (
        await machine.run('systemctl show -P SoftRebootsCount; systemctl is-system-running', {
          check: false,
          timeout: 10_000,
        })
      ).stdout;
    await expect
      .poll(state, { timeout: 60_000, interval: 500 })
      .toMatch(new RegExp(`^${count}\n(running|degraded)`));
  };
  const isActive = async () =>
    (await machine.run('systemctl is-active nanite-models.service', { check: false })).stdout.trim();

  test('lets a pull go on that the shutdown has cut off, without being asked', async () => {
    const cut = pull('bob', address('slow/tiny.gguf'), 'boot:1').catch(() => null);
    await machine.run('sleep 2');
    await boot(1);
    await cut;
    await arrives('boot-1');
    expect((await machine.run(`sha256sum ${store}/boot-1/*.gguf`)).stdout).toContain(sha256);
    expect(await journal()).toContain('a pull goes on');
  });

  test('starts nothing where no pull was cut off, or it was cancelled', async () => {
    await models('bob', 'DELETE', '/v1/models/boot%3A1');
    const cut = pull('bob', address('slow/tiny.gguf'), 'cancelled:1');
    await machine.run('sleep 1');
    const { body } = await models('bob', 'GET', '/v1/jobs');
    const job = (body!['jobs'] as Array<{ id: string; state: string }>).find(
      ({ state }) => state === 'running',
    );
    expect(await models('bob', 'POST', `/v1/jobs/${job!.id}`, { action: 'cancel' })).toMatchObject({
      status: 200,
    });
    await cut;
    await boot(2);
    expect(await isActive()).toBe('inactive');
    await models('bob', 'POST', '/v1/gc');
  });
});

test('a full disk is said before a byte is fetched, or when it is full, and leaves the store usable', async () => {
  await machine.run('systemctl stop nanite-models.service');
  await machine.run(`echo 'models: { reserveBytes: 20000000 }' >/etc/nanite/config.d/test.yaml`);
  await machine.run(
    `mount -t tmpfs -o size=60M,mode=0755,uid=$(id -u nanite-models),gid=$(id -g nanite-models) small ${store}`,
  );
  await machine.run(': >/run/served');
  const { body } = await pull('bob', address('tiny.gguf'), 'tiny:1');
  expect(body).toMatchObject({ code: 'no-space', httpStatus: 507 });
  expect((await machine.run('grep -c ^GET /run/served', { check: false })).stdout.trim()).toBe('0');
  // One that does not say how long it is is stopped before it takes the reserve, and leaves nothing.
  const endless = await pull('bob', 'http://127.0.0.1:8099/endless/zeros.gguf', 'endless:1');
  console.log(JSON.stringify(endless.body));
  expect(endless.body).toMatchObject({
    code: 'no-space',
    hint: expect.stringContaining('does not say how large') as string,
  });
  expect((await machine.run(`ls ${store}/partial`)).stdout).toBe('');
  expect(await names()).toEqual(['smollm2:135m']);
  expect((await models('bob', 'POST', '/v1/gc')).status).toBe(200);
  const free = Number((await machine.run(`df -B1 --output=avail ${store} | tail -n1`)).stdout);
  expect(free).toBeGreaterThan(50_000_000);
  await machine.run(`systemctl stop nanite-models.service && umount ${store}`);
});

test('the engine and its workers have no way out, the model store has', async () => {
  const families = async (unit: string) =>
    (await machine.run(`systemctl show --value -p RestrictAddressFamilies ${unit}`)).stdout.trim();
  expect(await families('nanite-models.service')).toContain('AF_INET');
  expect(await families('nanite-engine.service')).toBe('AF_UNIX');
  expect(await families('nanite-model@x.service')).toBe('AF_UNIX');
});

test('purging leaves nothing', async () => {
  await pull('bob', address('tiny.gguf'), 'tiny:1');
  await machine.run("apt-get purge -y 'nanite*'");
  const { stdout } = await machine.run(
    "find /etc /usr /var/lib -path /var/lib/apt -prune -o -path /var/lib/dpkg -prune -o -iname '*nanite*' -print",
  );
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((path) => path !== '' && !path.startsWith('/etc/nanite')),
  ).toEqual([]);
});
