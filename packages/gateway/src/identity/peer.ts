import type { Socket } from 'node:net';
import type { Identity } from '@nanite/contracts';
import { descriptorOf, unixPeer } from '@nanite/kit';
import { ownerByProc } from './proc-net-tcp';
import { ownerBySockDiag } from './sock-diag';
import { isLoopback, plainEnds, type SocketOwner, type TcpEnds } from './tcp-peer';

const timeWait = 6;
const listen = 10;

/**
 * Whether the kernel's word on the owner can be believed. Of a socket that its process has closed it says uid 0: a
 * client that sends a request and closes at once would otherwise pass for root.
 */
export function isHeld(owner: SocketOwner | null | undefined): owner is SocketOwner {
  return (
    owner !== null &&
    owner !== undefined &&
    owner.inode !== 0 &&
    owner.state !== timeWait &&
    owner.state !== listen
  );
}

/** Owner of the client's end of a loopback connection; null where it cannot be told. */
export function loopbackOwner(
  ends: TcpEnds,
  sources: Array<(ends: TcpEnds) => SocketOwner | null | undefined> = [ownerBySockDiag, ownerByProc],
): number | null {
  for (const source of sources) {
    const owner = source(ends);
    if (owner === undefined) continue;
    return isHeld(owner) ? owner.uid : null;
  }
  return null;
}

/** Who is at the other end of a unix socket; null where the kernel does not tell. */
export function identifyUnix(socket: Socket): Identity | null {
  const peer = unixPeer(descriptorOf(socket));
  return peer === null ? null : { uid: peer.uid, pid: peer.pid > 0 ? peer.pid : null, via: 'unix' };
}

/** Who is at the other end of a TCP connection from this machine; null where that is not known. */
export function identifyLoopback(socket: Socket): Identity | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  if (localAddress === undefined || localPort === undefined) return null;
  if (!isLoopback(remoteAddress)) return null;
  const uid = loopbackOwner(
    plainEnds({
      peerAddress: remoteAddress,
      peerPort: remotePort,
      ownAddress: localAddress,
      ownPort: localPort,
    }),
  );
  return uid === null ? null : { uid, pid: null, via: 'loopback' };
}
