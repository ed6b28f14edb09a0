import { readdir, readFile, readlink } from 'node:fs/promises';

/** A socket that waits for others. */
export interface Listening {
  protocol: 'tcp' | 'udp';
  /** As people write it: `0.0.0.0`, `::`, `192.168.1.4`. */
  address: string;
  port: number;
  uid: number;
  inode: string;
}

/** States of include/net/tcp_states.h: what listens; a datagram socket without a peer has no state but "closed". */
const waiting = { tcp: '0A', udp: '07' } as const;

/** Words of 32 bits in the byte order of the machine, which is little-endian wherever we run. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  // The address that Node's own URL parser would write: the longest run of zeros shortened.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Sockets that wait, in the text of /proc/net/tcp, tcp6, udp or udp6 (proc_net_tcp(5)). */
export function listeningIn(text: string, protocol: Listening['protocol']): Listening[] {
  const found: Listening[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === undefined) continue;
    if (state !== waiting[protocol] || !/:0000$/.test(remote)) continue;
    const [hex, port] = local.split(':');
    found.push({ protocol, address: addressOf(hex!), port: parseInt(port!, 16), uid: Number(uid), inode });
  }
  return found;
}

export const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || address === '::1' || /^::ffff:7f/.test(address);

export async function listeningSockets(): Promise<Listening[]> {
  const found: Listening[] = [];
  for (const file of ['tcp', 'tcp6', 'udp', 'udp6']) {
    // A kernel without IPv6 has no tcp6.
    const text = await readFile(`/proc/net/${file}`, 'utf8').catch(() => '');
    found.push(...listeningIn(text, file.startsWith('tcp') ? 'tcp' : 'udp'));
  }
  return found;
}

export interface Holder {
  pid: number;
  program: string;
  /** Unit that the process is part of; null where it is part of none. */
  unit: string | null;
}

/** Who holds sockets, by inode; without root only one's own processes tell. */
export async function holders(): Promise<Map<string, Holder>> {
  const held = new Map<string, Holder>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).sort((a, b) => +b - +a)) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const fd of descriptors) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))?.[1];
      // From the youngest process down: systemd, which holds what it opens for others, is named where nobody else is.
      if (inode === undefined || held.has(inode)) continue;
      const program = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?')).trim();
      const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      const unit =
        cgroup
          .trim()
          .split('/')
          .findLast((part) => /\.(service|scope)$/.test(part)) ?? null;
      held.set(inode, { pid: Number(pid), program, unit });
    }
  }
  return held;
}
