import { libc } from './libc';
import { ipv4Bytes, ipv6Bytes, type SocketOwner, type TcpEnds } from './tcp-peer';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const MSG_DONTWAIT = 0x40;

const requestLength = 72;
let netlink: number | undefined;
let sequence = 0;
const request = Buffer.alloc(requestLength);
const reply = Buffer.alloc(4096);

/**
 * Owner of the client's end of a TCP connection on this machine, by sock_diag(7): one exact question to the kernel, a
 * few microseconds however many connections there are, where /proc/net/tcp grows with every one of them (30,000 in
 * TIME_WAIT after a minute of 500 requests/s without keep-alive).
 *
 * @returns null where there is no such socket; undefined where the kernel does not offer sock_diag here
 */
export function ownerBySockDiag(ends: TcpEnds): SocketOwner | null | undefined {
  const c = libc();
  netlink ??= c.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return undefined;
  sequence = (sequence + 1) >>> 0;

  request.fill(0);
  // struct nlmsghdr
  request.writeUInt32LE(requestLength, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt32LE(sequence, 8);
  // struct inet_diag_req_v2
  request[16] = ends.family === 4 ? 2 : 10;
  request[17] = IPPROTO_TCP;
  request.writeUInt32LE(0xffffffff, 20);
  request.writeUInt16BE(ends.peerPort, 24);
  request.writeUInt16BE(ends.ownPort, 26);
  const bytes = ends.family === 4 ? ipv4Bytes : ipv6Bytes;
  bytes(ends.peerAddress).copy(request, 28);
  bytes(ends.ownAddress).copy(request, 44);
  // INET_DIAG_NOCOOKIE
  request.writeUInt32LE(0xffffffff, 64);
  request.writeUInt32LE(0xffffffff, 68);

  if (c.send(netlink, request, requestLength, 0) !== requestLength) return undefined;
  for (;;) {
    const length = c.recv(netlink, reply, reply.length, MSG_DONTWAIT);
    if (length < 20) return undefined;
    // An answer to an earlier question that was not read.
    if (reply.readUInt32LE(8) !== sequence) continue;
    const type = reply.readUInt16LE(4);
    // NLMSG_ERROR: -ENOENT where there is no such socket.
    if (type !== SOCK_DIAG_BY_FAMILY) return reply.readInt32LE(16) === -2 ? null : undefined;
    return { state: reply[17] ?? 0, uid: reply.readUInt32LE(80), inode: reply.readUInt32LE(84) };
  }
}
