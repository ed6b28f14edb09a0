import { readFileSync } from 'node:fs';
import { ipv4Bytes, ipv6Bytes, type SocketOwner, type TcpEnds } from './tcp-peer';

/** `0100007F:2CAA`: each 32-bit word of the address in the byte order of the machine, then the port. */
function field(address: Buffer, port: number): string {
  const words = Buffer.from(address);
  words.swap32();
  return `${words.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

const mappedTo = (address: string): Buffer => ipv6Bytes(`::ffff:${address}`);

/**
 * Find the row of a socket in the text of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst).
 *
 * @param local the socket's own end, `remote` the other, as `field` writes them
 */
export function ownerInTable(table: string, local: string, remote: string): SocketOwner | null {
  const at = table.indexOf(`: ${local} ${remote} `);
  if (at < 0) return null;
  const columns = table
    .slice(at + 2, table.indexOf('\n', at))
    .trim()
    .split(/\s+/);
  // local, remote, state, tx:rx, timer, retransmits, uid, timeout, inode
  const [, , state, , , , uid, , inode] = columns;
  return { state: parseInt(state ?? '0', 16), uid: Number(uid), inode: Number(inode) };
}

/** Owner of the client's end of a TCP connection, for machines without sock_diag. */
export function ownerByProc(
  ends: TcpEnds,
  read: (path: string) => string = (path) => readFileSync(path, 'latin1'),
): SocketOwner | null {
  // /proc/self/net is there even where the rest of /proc is hidden (ProcSubset=pid).
  if (ends.family === 6) {
    return ownerInTable(
      read('/proc/self/net/tcp6'),
      field(ipv6Bytes(ends.peerAddress), ends.peerPort),
      field(ipv6Bytes(ends.ownAddress), ends.ownPort),
    );
  }
  const plain = ownerInTable(
    read('/proc/self/net/tcp'),
    field(ipv4Bytes(ends.peerAddress), ends.peerPort),
    field(ipv4Bytes(ends.ownAddress), ends.ownPort),
  );
  if (plain !== null) return plain;
  // An IPv4 connection made with an IPv6 socket.
  return ownerInTable(
    read('/proc/self/net/tcp6'),
    field(mappedTo(ends.peerAddress), ends.peerPort),
    field(mappedTo(ends.ownAddress), ends.ownPort),
  );
}
