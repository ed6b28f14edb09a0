/** The four ends of a TCP connection as the server sees it: `peer` is the client's own address. */
export interface TcpEnds {
  family: 4 | 6;
  peerAddress: string;
  peerPort: number;
  ownAddress: string;
  ownPort: number;
}

/** Who owns a socket. */
export interface SocketOwner {
  uid: number;
  /** 0: no process holds the socket any more. The kernel then names uid 0, whoever it was. */
  inode: number;
  /** TCP state as in net/tcp_states.h: 1 established, 6 time-wait, 10 listen. */
  state: number;
}

/** IPv4 address as four bytes. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** IPv6 address, with or without `::` and an IPv4 tail, as sixteen bytes. */
export function ipv6Bytes(address: string): Buffer {
  const bare = address.split('%')[0] ?? '';
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  const text = tail
    ? `${tail[1]}${ipv4Bytes(tail[2] ?? '')
        .toString('hex')
        .slice(0, 4)}:${ipv4Bytes(tail[2] ?? '')
        .toString('hex')
        .slice(4)}`
    : bare;
  const [head = '', rest] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((g) => parseInt(g, 16)));
  const before = groups(head);
  const after = rest === undefined ? [] : groups(rest);
  const all =
    rest === undefined
      ? before
      : [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  const bytes = Buffer.alloc(16);
  all.forEach((group, i) => bytes.writeUInt16BE(group, i * 2));
  return bytes;
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The ends of a connection in their plainest family: an IPv4 peer of an IPv6 socket is IPv4. */
export function plainEnds(ends: Omit<TcpEnds, 'family'>): TcpEnds {
  const peer = mapped.exec(ends.peerAddress)?.[1] ?? ends.peerAddress;
  const own = mapped.exec(ends.ownAddress)?.[1] ?? ends.ownAddress;
  return { ...ends, peerAddress: peer, ownAddress: own, family: peer.includes(':') ? 6 : 4 };
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  const plain = mapped.exec(address)?.[1] ?? address;
  return plain === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plain);
}
