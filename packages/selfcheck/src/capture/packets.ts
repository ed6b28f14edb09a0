/** What is on the wire without anybody asking for something: by link and network being set up, kept and left. */
const ofTheLink: ReadonlyArray<[what: string, pattern: RegExp]> = [
  ['ARP', /^ARP,/],
  ['neighbour discovery', /ICMP6, (neighbor|router) (solicitation|advertisement)/],
  ['multicast membership', /ICMP6, multicast listener|: igmp /],
  ['DHCP', /^IP \S+\.68 > \S+\.67: BOOTP\/DHCP|^IP6 \S+\.546 > ff02::1:2\.547: dhcp6/],
  ['mDNS', /^IP \S+ > 224\.0\.0\.251\.5353:|^IP6 \S+ > ff02::fb\.5353:/],
  // The base system keeps the clock right; the servers are asked for by name first.
  ['time (NTP)', /^IP6? \S+ > \S+\.123: NTPv/],
  ['time (NTP)', /^IP6? \S+ > \S+\.53: .*\b(A|AAAA)\? (\S+\.)?ntp\.org\./],
];

/** A packet, as `tcpdump -n -y LINUX_SLL2` prints it. */
export interface Packet {
  device: string;
  text: string;
}

/** A line of tcpdump with a time stamp; null for another line. */
export function readPacket(line: string): Packet | null {
  const [, device, text] = /^\d+\.\d+ (\S+)\s+(?:Out|In)\s+(.*)$/.exec(line) ?? [];
  return device === undefined || text === undefined ? null : { device, text };
}

export interface Counted {
  /** Packets by what they are for. */
  link: Map<string, number>;
  /** Everything else: it left the machine. */
  left: Packet[];
}

export function countPackets(packets: readonly Packet[]): Counted {
  const link = new Map<string, number>();
  const left: Packet[] = [];
  for (const packet of packets) {
    const what = ofTheLink.find(([, pattern]) => pattern.test(packet.text))?.[0];
    if (what === undefined) left.push(packet);
    else link.set(what, (link.get(what) ?? 0) + 1);
  }
  return { link, left };
}
