import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, chmodSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyLoopback, identifyUnix, isHeld, loopbackOwner } from './peer';
import { ownerByProc, ownerInTable } from './proc-net-tcp';
import { ownerBySockDiag } from './sock-diag';
import { ipv6Bytes, isLoopback, plainEnds } from './tcp-peer';

const children: ChildProcess[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

const isRoot = process.getuid?.() === 0;
const someone = 54321;

async function listen(...args: [string] | [number, string]): Promise<Server> {
  const server = createServer();
  servers.push(server);
  if (typeof args[0] === 'string') server.listen(args[0]);
  else server.listen(args[0], args[1]);
  await once(server, 'listening');
  return server;
}

/** A process of another user that connects and stays, or closes as soon as it is connected. */
function connectAs(uid: number, to: object, then: 'stay' | 'close'): void {
  const script =
    then === 'stay'
      ? `require('net').connect(${JSON.stringify(to)}); setInterval(() => {}, 1000)`
      : // The process stays, only its socket is closed: the kernel keeps the connection while data is unread.
        `const s = require('net').connect(${JSON.stringify(to)}, () => { s.write('x'); s.destroy(); }); setInterval(() => {}, 1000)`;
  children.push(spawn(process.execPath, ['-e', script], { uid, stdio: 'ignore', cwd: '/' }));
}

const endsOf = (socket: Socket) =>
  plainEnds({
    peerAddress: socket.remoteAddress ?? '',
    peerPort: socket.remotePort ?? 0,
    ownAddress: socket.localAddress ?? '',
    ownPort: socket.localPort ?? 0,
  });

async function connection(server: Server): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

describe.skipIf(!isRoot)('a client of another user', () => {
  it('is known on a unix socket, with its process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nanite-peer-'));
    chmodSync(folder, 0o755);
    const path = join(folder, 'socket');
    const server = await listen(path);
    chmodSync(path, 0o666);
    connectAs(someone, { path }, 'stay');
    expect(identifyUnix(await connection(server))).toEqual({
      uid: someone,
      pid: children[0]?.pid,
      via: 'unix',
    });
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    // A server on both families sees an IPv4 client as ::ffff:127.0.0.1.
    ['::', '127.0.0.1'],
  ])('is known on %s when it connects to %s, by both ways', async (at, host) => {
    const server = await listen(0, at);
    const { port } = server.address() as AddressInfo;
    connectAs(someone, { port, host }, 'stay');
    const socket = await connection(server);
    expect(identifyLoopback(socket)).toEqual({ uid: someone, pid: null, via: 'loopback' });
    expect(ownerBySockDiag(endsOf(socket))?.uid).toBe(someone);
    expect(ownerByProc(endsOf(socket))?.uid).toBe(someone);
  });

  it('cannot pass for root by closing its socket at once', async () => {
    const server = await listen(0, '127.0.0.1');
    const { port } = server.address() as AddressInfo;
    connectAs(someone, { port, host: '127.0.0.1' }, 'close');
    const socket = await connection(server);
    await once(socket.resume(), 'end');
    const ends = endsOf(socket);
    // Of a socket that nobody holds, kernels before 6.17 say uid 0; later ones remember who it was.
    await expect.poll(() => (ownerBySockDiag(ends) ?? ownerByProc(ends))?.inode ?? 0).toBe(0);
    const claimed = [ownerBySockDiag(ends), ownerByProc(ends)].filter((owner) => owner);
    for (const owner of claimed) expect([0, someone]).toContain(owner?.uid);
    expect(loopbackOwner(ends)).toBeNull();
    expect(identifyLoopback(socket)).toBeNull();
  });
});

it('knows this very process', async () => {
  const server = await listen(0, '127.0.0.1');
  const { port } = server.address() as AddressInfo;
  const client = (await import('node:net')).connect(port, '127.0.0.1');
  const socket = await connection(server);
  expect(identifyLoopback(socket)?.uid).toBe(process.getuid?.());
  client.destroy();
});

it('falls back to /proc/net/tcp where the kernel offers no sock_diag', () => {
  const ends = {
    family: 4 as const,
    peerAddress: '127.0.0.1',
    peerPort: 1,
    ownAddress: '127.0.0.1',
    ownPort: 2,
  };
  const owner = { uid: 7, inode: 1, state: 1 };
  expect(loopbackOwner(ends, [() => undefined, () => owner])).toBe(7);
  expect(loopbackOwner(ends, [() => null, () => owner])).toBeNull();
  expect(loopbackOwner(ends, [() => undefined])).toBeNull();
});

it('believes nobody of sockets that are closed, waiting to vanish, or listening', () => {
  expect(isHeld({ uid: 0, inode: 0, state: 1 })).toBe(false);
  expect(isHeld({ uid: 0, inode: 5, state: 6 })).toBe(false);
  expect(isHeld({ uid: 0, inode: 5, state: 10 })).toBe(false);
  expect(isHeld({ uid: 0, inode: 5, state: 1 })).toBe(true);
});

it('finds its row in /proc/net/tcp among others', () => {
  const row = (n: number, local: string, remote: string, uid: number) =>
    `   ${n}: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 99${n} 1 0000000000000000 20 4 30 10 -1\n`;
  const table = row(0, '0100007F:1F90', '0100007F:0050', 1) + row(1, '0100007F:0050', '0100007F:1F90', 2);
  expect(ownerInTable(table, '0100007F:0050', '0100007F:1F90')).toEqual({ uid: 2, inode: 991, state: 1 });
  expect(ownerInTable(table, '0100007F:0051', '0100007F:1F90')).toBeNull();
});

it('reads addresses', () => {
  expect(ipv6Bytes('::1').toString('hex')).toBe(`${'0'.repeat(31)}1`);
  expect(ipv6Bytes('::ffff:127.0.0.1').toString('hex')).toBe(`${'0'.repeat(20)}ffff7f000001`);
  expect(ipv6Bytes('2001:db8::7:8').toString('hex')).toBe('20010db8000000000000000000070008');
  expect(isLoopback('::ffff:127.0.0.1')).toBe(true);
  expect(isLoopback('128.0.0.1')).toBe(false);
});
