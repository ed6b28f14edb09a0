import { expect, test } from 'vitest';
import { countPackets, readPacket } from './packets';

const at = '1764000000.123456';

test('reads what tcpdump prints of a packet, and passes over its other lines', () => {
  expect(readPacket(`${at} eth0  Out IP 10.0.2.15.4 > 10.0.2.2.53: UDP, length 2`)).toEqual({
    device: 'eth0',
    text: 'IP 10.0.2.15.4 > 10.0.2.2.53: UDP, length 2',
  });
  expect(readPacket('listening on any, link-type LINUX_SLL2')).toBeNull();
});

test.each([
  ['ARP', 'ARP, Request who-has 10.9.9.2 tell 10.9.9.1, length 28'],
  [
    'neighbour discovery',
    'IP6 :: > ff02::1:ff00:1: ICMP6, neighbor solicitation, who has fe80::1, length 32',
  ],
  ['neighbour discovery', 'IP6 fe80::1 > ff02::2: ICMP6, router solicitation, length 16'],
  [
    'multicast membership',
    'IP6 :: > ff02::16: HBH ICMP6, multicast listener report v2, 2 group record(s), length 48',
  ],
  ['multicast membership', 'IP 10.0.2.15 > 224.0.0.22: igmp v3 report, 1 group record(s)'],
  ['DHCP', 'IP 0.0.0.0.68 > 255.255.255.255.67: BOOTP/DHCP, Request from 52:54:00:12:34:56, length 300'],
  ['DHCP', 'IP6 fe80::1.546 > ff02::1:2.547: dhcp6 solicit'],
  ['mDNS', 'IP 10.0.2.15.5353 > 224.0.0.251.5353: 0 PTR (QM)? _ipp._tcp.local. (38)'],
  ['time (NTP)', 'IP 10.0.2.15.40123 > 192.0.2.1.123: NTPv4, Client, length 48'],
  ['time (NTP)', 'IP 10.0.2.15.40123 > 10.0.2.3.53: 4711+ A? 0.debian.pool.ntp.org. (39)'],
])('counts %s apart', (what, text) => {
  const { link, left } = countPackets([{ device: 'eth0', text }]);
  expect([...link]).toEqual([[what, 1]]);
  expect(left).toEqual([]);
});

test.each([
  'IP 10.0.2.15.40123 > 192.0.2.1.443: Flags [S], seq 1, win 64240, length 0',
  'IP 10.0.2.15.40123 > 10.0.2.3.53: 4711+ A? example.org. (29)',
  // A name that only looks like one of the clock's.
  'IP 10.0.2.15.40123 > 10.0.2.3.53: 4711+ A? secret.evilntp.org. (36)',
  'IP 10.0.2.15 > 192.0.2.1: ICMP echo request, id 1, seq 1, length 64',
  'IP 10.0.2.15.40123 > 192.0.2.1.67: UDP, length 5',
  'IP6 2001:db8::1.4 > 2001:db8::2.4000: UDP, length 5',
])('takes for left: %s', (text) => {
  expect(countPackets([{ device: 'eth0', text }])).toEqual({
    link: new Map(),
    left: [{ device: 'eth0', text }],
  });
});
