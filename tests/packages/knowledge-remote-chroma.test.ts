import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** A Chroma elsewhere, behind TLS and a token, in the place of the person's own. */
let machine: Machine;
const as = (command: string) =>
  machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/1001; cd; ${command}`], {
    check: false,
    user: 'ada',
    timeout: 120_000,
  });
const must = async (command: string) => {
  const { code, stdout, stderr } = await as(command);
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
const collections = 'tenants/default_tenant/databases/default_database/collections';
/** What the server elsewhere has, asked there without the proxy. */
const kept = async (): Promise<number[]> => {
  const list = JSON.parse(await must(`curl -sS http://127.0.0.1:8000/api/v2/${collections}`)) as Array<{
    id: string;
  }>;
  return Promise.all(
    list.map(async ({ id }) =>
      Number(await must(`curl -sS http://127.0.0.1:8000/api/v2/${collections}/${id}/count`)),
    ),
  );
};
const settings = async (more: Record<string, string>) => {
  const all = {
    CHROMA_URL: 'https://localhost:8443',
    CHROMA_TOKEN: 'right',
    CHROMA_CA: '/home/ada/.config/nanite/ca.pem',
    ...more,
  };
  const text = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
  await must(
    `cat >~/.config/nanite/chroma.env <<'END'\n${text.join('')}END\nsystemctl --user stop nanite-chroma-remote.service; systemctl --user reset-failed 2>/dev/null; systemctl --user start nanite-chroma-remote.socket`,
  );
};
interface Answer {
  hits: Array<{ passage: { path: string }; ranks: { dense: number | null } }>;
  notes: string[];
}
const search = async (query: string, mode = 'hybrid') =>
  JSON.parse((await as(`nanite search --json --mode ${mode} "${query}"`)).stdout) as Answer;

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-remote-chroma', ['nanite-rag', 'nanite-cli', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5', 'libpam-systemd', 'dbus-user-session', 'openssl', 'curl']); // prettier-ignore
  machine.copy(resolve(import.meta.dirname, 'clients/tls-proxy.mjs'), '/opt');
  await machine.run(`
    useradd -m -u 1001 ada; loginctl enable-linger ada; mkdir -p /srv/chroma/data; cd /srv/chroma
    printf 'listen_address: "127.0.0.1"\\nport: 8000\\npersist_path: "/srv/chroma/data"\\n' >settings.yaml
    for name in right wrong; do openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout $name.key -out $name.pem \\
      -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null; done
    systemd-run --quiet --unit=elsewhere -p KillSignal=SIGKILL node /usr/lib/nanite/chroma/server.mjs /srv/chroma/settings.yaml
    systemd-run --quiet --unit=proxy node /opt/tls-proxy.mjs 8443 8000 right /srv/chroma/right.key /srv/chroma/right.pem
    timeout 30 sh -c 'until curl -sS http://127.0.0.1:8000/api/v2/version; do sleep 0.2; done'
    timeout 30 sh -c 'until test -S /run/user/1001/nanite/rag.sock; do sleep 0.1; done'
    install -d -o ada -g ada /home/ada/.config /home/ada/.config/nanite
    install -o ada -m 600 right.pem /home/ada/.config/nanite/ca.pem; install -o ada -m 600 wrong.pem /home/ada/.config/nanite/other.pem`);
  await must(`mkdir notes; echo 'A cat sleeps most of the day and hunts mice at night.' >notes/cat.txt
    echo 'Flour, water and yeast are kneaded and baked.' >notes/bread.txt`);
});
afterAll(() => machine?.stop());

test('vectors go there, through TLS and with the token, and search by meaning comes from there', async () => {
  await must(
    'systemctl --user disable --now nanite-chroma.socket; systemctl --user enable nanite-chroma-remote.socket',
  );
  await settings({});
  expect(await kept()).toEqual([]);
  await must('nanite knowledge add --wait ~/notes');
  await expect.poll(kept, { timeout: 120_000, interval: 1000 }).toEqual([2]);
  const { hits, notes } = await search('which pet is awake in the dark', 'dense');
  expect(notes).toEqual([]);
  expect(hits[0]).toMatchObject({ passage: { path: '/home/ada/notes/cat.txt' }, ranks: { dense: 1 } });
});

test('who asks the proxy without the token gets nothing', async () => {
  const bare = 'curl -sS --cacert ~/.config/nanite/ca.pem https://localhost:8443/api/v2/version';
  expect(await must(bare)).toContain('Unauthorized');
  expect(await must(`${bare} -H 'x-chroma-token: right'`)).toContain('1.0.0');
});

test.each<[string, Record<string, string>, RegExp]>([
  ['a wrong token', { CHROMA_TOKEN: 'wrong' }, /https:\/\/localhost:8443 refuses the token of CHROMA_TOKEN/],
  ['no token', { CHROMA_TOKEN: '' }, /https:\/\/localhost:8443 refuses to answer without CHROMA_TOKEN/],
  [
    'a certificate of somebody else',
    { CHROMA_CA: '/home/ada/.config/nanite/other.pem' },
    /https:\/\/localhost:8443: .*certificate/,
  ],
  [
    'a certificate for another name',
    { CHROMA_URL: 'https://127.0.0.1:8443' },
    /127\.0\.0\.1.*(altnames|cert)/i,
  ],
  ['a server that is down', { CHROMA_URL: 'https://localhost:9443' }, /ECONNREFUSED/],
])('%s: words are searched, and it is said why', async (_what, wrong, why) => {
  await settings(wrong);
  const { hits, notes } = await search('cat mice');
  expect(hits.map(({ passage }) => passage.path)).toContain('/home/ada/notes/cat.txt');
  expect(hits.every(({ ranks }) => ranks.dense === null)).toBe(true);
  expect(notes.join()).toMatch(why);
  expect(notes.join()).toContain('chroma.env');
  expect(await must('nanite knowledge list')).toMatch(why);
});

test('an address without encryption is refused', async () => {
  await settings({ CHROMA_URL: 'http://127.0.0.1:8000' });
  expect((await search('cat mice')).notes.join()).toContain('Chroma');
  const { stdout } = await machine.run('journalctl --no-pager -o cat _UID=1001');
  expect(stdout).toContain('is not encrypted');
});

test('set right, it goes on, with what changed meanwhile', async () => {
  await must("echo 'Bees make honey.' >notes/bees.txt");
  await settings({});
  await expect.poll(kept, { timeout: 120_000, interval: 1000 }).toEqual([3]);
  expect((await search('which pet is awake in the dark')).notes).toEqual([]);
});
