import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleProgram } from '@nanite/test-programs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Machine } from '../harness';

/** MCP on the socket of a person's units, with the client that the protocol's authors ship. */
let machine: Machine;
const socket = '/run/user/1001/nanite/rag-mcp.sock';
const as = (user: string, command: string) =>
  machine.run(['bash', '-c', `export XDG_RUNTIME_DIR=/run/user/1001; cd; ${command}`], {
    check: false,
    user,
  });

interface Got {
  server: { name: string };
  tools: string[];
  found: { hits: Array<{ passage: { path: string; text: string } }> };
  read: { text: string };
  collections: { collections: Array<{ name: string }> };
  gone: { isError: boolean; content: Array<{ text: string }> };
}
const talk = async (how: string): Promise<Got> => {
  const { stdout, stderr, code } = await as('ada', `node /opt/mcp-over-socket.mjs ${how}`);
  expect(code, stdout + stderr).toBe(0);
  return JSON.parse(stdout) as Got;
};

beforeAll(async () => {
  machine = await Machine.withPackages('knowledge-mcp', [
    'nanite-rag',
    'nanite-cli',
    'socat',
    'libpam-systemd',
    'dbus-user-session',
  ]);
  await machine.run(
    `useradd -m -u 1001 ada; useradd -m -u 1002 bob; loginctl enable-linger ada;
     timeout 30 sh -c "until test -S ${socket}; do sleep 0.1; done"`,
  );
  await as('ada', 'mkdir notes; echo "apples are red" >notes/a.txt; nanite knowledge add --wait ~/notes');
  const folder = mkdtempSync(join(tmpdir(), 'nanite-mcp-'));
  const client = resolve(import.meta.dirname, 'clients/mcp-over-socket.ts');
  const program = await bundleProgram(client, folder, 'mcp-over-socket');
  machine.copy(program, '/opt');
  rmSync(folder, { recursive: true });
});
afterAll(() => machine?.stop());

const said = (got: Got) => {
  expect(got.server.name).toBe('nanite-knowledge');
  expect(got.tools).toEqual(['search', 'read_passage', 'list_collections']);
  expect(got.found.hits.map(({ passage }) => passage.path)).toEqual(['/home/ada/notes/a.txt']);
  expect(got.read.text).toBe('apples are red');
  expect(got.collections.collections.map(({ name }) => name)).toEqual(['notes']);
  expect(got.gone.isError).toBe(true);
  expect(got.gone.content[0]!.text).toContain('search again');
};

test('nothing runs before somebody connects', async () => {
  expect((await as('ada', 'systemctl --user list-units --all --no-legend "nanite-rag-mcp@*"')).stdout).toBe(
    '',
  );
});

test('a client on the socket', async () => said(await talk(`socket ${socket}`)));

test('an editor that starts a program which joins the socket to its pipes', async () =>
  said(await talk(`program socat STDIO UNIX-CONNECT:${socket}`)));

test('an editor that starts the command of the manual', async () =>
  said(await talk('program nanite knowledge mcp')));

test('two at once, each with a process of their own that ends with the connection', async () => {
  const both = await Promise.all([talk(`socket ${socket}`), talk(`socket ${socket}`)]);
  both.forEach(said);
  await expect
    .poll(async () => (await as('ada', 'pgrep -u ada -f rag/[m]cp.mjs | wc -l')).stdout.trim(), {
      timeout: 20_000,
    })
    .toBe('0');
});

test('only the person connects, and the process has no network and no file of theirs', async () => {
  const { stdout } = await as('bob', `echo | socat -t1 STDIO UNIX-CONNECT:${socket} 2>&1`);
  expect(stdout).toContain('Permission denied');
  await as('ada', `(sleep 30 | socat STDIO UNIX-CONNECT:${socket}) >/dev/null 2>&1 </dev/null & sleep 2`);
  const pid = (await as('ada', 'pgrep -u ada -f rag/[m]cp.mjs')).stdout.trim();
  expect(pid).toMatch(/^\d+$/);
  const networkOf = async (process: string) => (await machine.run(`readlink /proc/${process}/ns/net`)).stdout;
  expect(await networkOf(pid)).not.toBe(await networkOf('1'));
  const inside = (command: string) => machine.run(`nsenter -t ${pid} -m -n ${command}`, { check: false });
  expect((await inside('grep -c : /proc/net/dev')).stdout.trim()).toBe('1');
  // Control: outside it can be read.
  expect((await machine.run('cat /home/ada/notes/a.txt')).stdout).toContain('apples');
  expect((await inside('cat /home/ada/notes/a.txt')).code).not.toBe(0);
  const level = await as(
    'ada',
    'systemd-analyze --user security --no-pager nanite-rag-mcp@1.service | tail -n1',
  );
  expect(Number(/: ([\d.]+)/.exec(level.stdout)?.[1] ?? Number.NaN), level.stdout).toBeLessThanOrEqual(2);
});
