import { describe, expect, test } from 'vitest';
import { judgeListeners, type Reachable } from './listeners';
import { isLoopback, listeningIn } from './listening-sockets';

describe('sockets that wait', () => {
  test('are read from the kernel, with their address', () => {
    const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 4711 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 0F02000A:A000 0202000A:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0`;
    expect(listeningIn(text, 'tcp')).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port: 11434, uid: 990, inode: '4711' },
      { protocol: 'tcp', address: '0.0.0.0', port: 22, uid: 0, inode: '4712' },
    ]);
  });

  test('of IPv6 too', () => {
    const text = `header
   0: 00000000000000000000000001000000:2CAA 00000000000000000000000000000000:0000 0A 0:0 00:0 0 990 0 1 1
   1: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 2 1
   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 3 1`;
    const found = listeningIn(text, 'tcp');
    expect(found.map(({ address, port }) => `${address} ${port}`)).toEqual([
      '::1 11434',
      ':: 5353',
      '::ffff:7f00:1 80',
    ]);
    expect(found.map(({ address }) => isLoopback(address))).toEqual([true, false, true]);
  });
});

describe('what is reached from the network', () => {
  const socket = (port: number, owner: string | null, protocol: 'tcp' | 'udp' = 'tcp'): Reachable => ({
    protocol,
    address: '0.0.0.0',
    port,
    uid: 0,
    inode: '1',
    owner,
  });
  const installed = { live: false, wanted: [] };

  test('fails where it is ours and nobody wanted it', () => {
    const open = [socket(11434, 'nanite-gateway.service')];
    expect(judgeListeners(open, installed)).toMatchObject({ status: 'fail' });
    expect(judgeListeners(open, { live: false, wanted: [11434] })).toMatchObject({ status: 'warn' });
  });

  test('names others on an installed machine, and fails on a live medium', () => {
    const ssh = [socket(22, 'ssh.service')];
    expect(judgeListeners(ssh, installed)).toMatchObject({
      status: 'pass',
      detail: expect.stringContaining('tcp 0.0.0.0:22 (ssh.service)') as string,
    });
    expect(judgeListeners(ssh, { live: true, wanted: [] })).toMatchObject({ status: 'fail' });
  });

  test('allows a live medium its address and its printers', () => {
    const needed = [socket(68, 'NetworkManager.service', 'udp'), socket(5353, 'avahi-daemon.service', 'udp')];
    expect(judgeListeners(needed, { live: true, wanted: [] })).toMatchObject({
      status: 'pass',
      detail: 'nothing is reached from the network besides DHCP and mDNS, which finds printers',
    });
    expect(judgeListeners([socket(5353, null)], { live: true, wanted: [] })).toMatchObject({
      status: 'fail',
    });
  });
});
