import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Machine } from '../harness';

/** A collection that ada exports and bob imports, through the command line, with the model and the Chroma that ship. */
let machine: Machine;
const uids = { ada: 1001, bob: 1002 };
type Person = keyof typeof uids;

const as = (user: Person, command: string) =>
  machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/${uids[user]}; cd; ${command}`], {
    check: false,
    user,
    timeout: 120_000,
  });
const must = async (user: Person, command: string) => {
  const { code, stdout, stderr } = await as(user, command);
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
};
interface Shown {
  progress: { chunks: { all: number; embedded: number }; files: { indexed: number } };
}
const shown = async (user: Person, name: string) =>
  (JSON.parse(await must(user, `nanite knowledge show --json ${name}`)) as Shown).progress;
const names = async (user: Person) =>
  (
    JSON.parse(await must(user, 'nanite knowledge list --json')) as { collections: Array<{ name: string }> }
  ).collections.map(({ name }) => name);

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-exchange', ['nanite-rag', 'nanite-cli', 'nanite-chroma', 'nanite-gateway', 'nanite-engine', 'nanite-onnxruntime', 'nanite-model-bge-small-en-v1.5', 'libpam-systemd', 'dbus-user-session']); // prettier-ignore
  await machine.run(
    `useradd -m -u 1001 ada; useradd -m -u 1002 bob; loginctl enable-linger ada; loginctl enable-linger bob
     for u in 1001 1002; do timeout 30 sh -c "until test -S /run/user/$u/nanite/chroma.sock; do sleep 0.1; done"; done
     mkdir -p /srv/poems; cd /srv/poems; for n in $(seq 12); do echo "Poem number $n is about the sea and about a ship." >$n.txt; done
     echo 'A cat sleeps most of the day and hunts mice at night.' >cat.txt
     mkdir -m 777 /srv/exchange; mkdir /srv/other; echo 'Bob keeps bees.' >/srv/other/bees.txt`,
  );
  await must('ada', 'nanite knowledge add --wait --name poems --exclude "*.bak" /srv/poems');
  await must('bob', 'nanite knowledge add --wait --name bees /srv/other');
});
afterAll(() => machine?.stop());

test('ada exports: nobody else may read the file until she lets them, and it holds no text of hers', async () => {
  await expect
    .poll(async () => (await shown('ada', 'poems')).chunks, { timeout: 120_000, interval: 1000 })
    .toEqual({ all: 13, embedded: 13 });
  expect(await must('ada', 'nanite knowledge export poems --to /srv/exchange/poems')).toContain(
    'poems is in',
  );
  expect((await as('bob', 'cat /srv/exchange/poems')).code).not.toBe(0);
  const text = await must('ada', 'zcat /srv/exchange/poems');
  expect(text).toContain('"name":"poems"');
  expect(text).not.toMatch(/sea|hunts|cat\.txt/);
  expect((await as('ada', 'nanite knowledge export poems --to /srv/exchange/poems')).stderr).toContain(
    'already exists',
  );
  expect((await as('ada', 'nanite knowledge export nothing --to /srv/exchange/nothing')).stderr).toContain(
    'no collection "nothing"',
  );
  expect((await machine.run('ls /srv/exchange')).stdout).toBe('poems\n');
  await must('ada', 'chmod 644 /srv/exchange/poems');
});

describe('what bob cannot import is refused with the reason, and he loses nothing', () => {
  test.each<[string, string, string, RegExp]>([
    ['no file', 'true', 'nothing', /there is no/],
    [
      'something else',
      'head -c 5000 /dev/urandom >bad',
      'bad',
      /not an exported collection, or it is damaged/,
    ],
    [
      'something else that is packed',
      'echo hello | gzip >bad',
      'bad',
      /not an exported collection, or it is damaged/,
    ],
    ['nothing', ': >bad', 'bad', /not an exported collection, or it is damaged/],
    [
      'one that was cut',
      'head -c 4000 /srv/exchange/poems >bad',
      'bad',
      /not an exported collection, or it is damaged/,
    ],
    [
      'one with a false byte',
      'cp /srv/exchange/poems bad; printf x | dd of=bad bs=1 seek=5000 conv=notrunc status=none',
      'bad',
      /not an exported collection, or it is damaged|not a vector/,
    ],
    [
      'one of another version',
      'zcat /srv/exchange/poems | sed "1s/\\"version\\":1/\\"version\\":2/" | gzip >bad',
      'bad',
      /another version of Nanite, in format 2/,
    ],
    [
      'one whose vectors are of another length',
      'zcat /srv/exchange/poems | sed "1s/\\"components\\":[0-9]*/\\"components\\":3/" | gzip >bad',
      'bad',
      /does not have the length/,
    ],
    [
      'one whose folders are not here',
      'zcat /srv/exchange/poems | sed "1s:/srv/poems:/srv/nowhere:" | gzip >bad',
      'bad',
      /\/srv\/nowhere does not exist/,
    ],
    [
      'one with a name that he has',
      'zcat /srv/exchange/poems | sed "1s/\\"poems\\"/\\"bees\\"/" | gzip >bad',
      'bad',
      /there is already a collection bees/,
    ],
  ])('%s', async (_what, prepare, file, why) => {
    await must('bob', `cd; rm -f bad; ${prepare}`);
    const refused = await as('bob', `nanite knowledge import --no-wait ${file}`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(why);
    expect(await names('bob')).toEqual(['bees']);
    expect((await shown('bob', 'bees')).files.indexed).toBe(1);
    expect(await must('bob', 'nanite search --mode sparse bees')).toContain('bees.txt');
  });
});

describe('bob imports', () => {
  test('what it means need not be computed again: here nothing computes any more', async () => {
    await machine.run(
      'systemctl stop nanite-gateway.socket nanite-gateway.service nanite-engine.socket nanite-engine.service',
    );
    expect(await must('bob', 'nanite knowledge import --no-wait /srv/exchange/poems')).toContain('poems');
    await expect
      .poll(async () => (await shown('bob', 'poems')).chunks, { timeout: 60_000 })
      .toEqual({ all: 13, embedded: 13 });
    expect(await names('bob')).toEqual(['bees', 'poems']);
    // Control: the same files without the import stay without.
    await must(
      'ada',
      'cp -r /srv/poems again; echo "A poem that nobody embedded." >again/new.txt; nanite knowledge add --no-wait --name again ~/again',
    );
    await expect.poll(async () => (await shown('ada', 'again')).files.indexed, { timeout: 60_000 }).toBe(14);
    expect((await shown('ada', 'again')).chunks.embedded).toBeLessThan(14);
    await machine.run('systemctl start nanite-engine.socket nanite-gateway.socket');
  });

  test('and finds by meaning, in the files as they are here', async () => {
    const { hits } = JSON.parse(
      await must('bob', 'nanite search --json --mode dense -c poems "which pet is awake in the dark"'),
    ) as {
      hits: Array<{ passage: { path: string } }>;
    };
    expect(hits[0]?.passage.path).toBe('/srv/poems/cat.txt');
  });

  test('under another name, from folders that lie elsewhere', async () => {
    await must(
      'bob',
      'cp -r /srv/poems mine; nanite knowledge import --wait --name verses --root ~/mine /srv/exchange/poems',
    );
    expect(await names('bob')).toEqual(['bees', 'poems', 'verses']);
    const refused = await as(
      'bob',
      'nanite knowledge import --no-wait --name x --root ~/mine --root ~/mine /srv/exchange/poems',
    );
    expect(refused.stderr).toContain('has 1 folder: ');
  });
});
