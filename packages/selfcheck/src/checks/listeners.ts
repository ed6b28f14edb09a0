import { GatewaySettings } from '@nanite/contracts';
import { loadSettings } from '@nanite/kit';
import { z } from 'zod';
import { fail, pass, warn, type Check, type Verdict } from '../check';
import { runProgram } from '../program';
import { holders, isLoopback, listeningSockets, type Listening } from './listening-sockets';

/** A socket that others on the network reach, and whose it is. */
export interface Reachable extends Listening {
  /** Unit or program; null where it is not known, as for somebody else's without root. */
  owner: string | null;
}

/**
 * What a network cannot do without, or what finds printers and shares on it: the only ones that may be reached on a live
 * medium (docs/decisions/0131).
 */
const needed: ReadonlyArray<{ what: string; is: (socket: Reachable) => boolean }> = [
  { what: 'DHCP', is: ({ protocol, port }) => protocol === 'udp' && (port === 68 || port === 546) },
  {
    what: 'mDNS, which finds printers',
    is: ({ protocol, port, owner }) =>
      protocol === 'udp' && (port === 5353 || owner === 'avahi-daemon.service'),
  },
];

const whatFor = (socket: Reachable): string | null => needed.find(({ is }) => is(socket))?.what ?? null;

const nameOf = ({ protocol, address, port, owner }: Reachable): string => {
  const place = address.includes(':') ? `[${address}]` : address;
  return `${protocol} ${place}:${port} (${owner ?? (process.getuid?.() === 0 ? 'owner unknown' : 'owner unknown without root')})`;
};

/**
 * @param wanted ports on which the administrator has the gateway listen off loopback (`gateway.listeners`)
 * @param live on a live medium nothing but what is needed may be reached; elsewhere other programs are named
 */
export function judgeListeners(
  reachable: readonly Reachable[],
  { live, wanted }: { live: boolean; wanted: readonly number[] },
): Verdict {
  const ours = reachable.filter(({ owner }) => owner?.startsWith('nanite') === true);
  const unwanted = ours.filter(({ port }) => !wanted.includes(port));
  const others = reachable.filter((socket) => !ours.includes(socket));
  const strangers = others.filter((socket) => whatFor(socket) === null);
  const known = [...new Set(others.map(whatFor).filter((what) => what !== null))];
  const data = { ours: ours.length, others: others.length, strangers: strangers.length };
  if (unwanted.length > 0) {
    const detail = `reached from the network: ${unwanted.map(nameOf).join(', ')}`;
    return fail(detail, 'see nanite-gateway(8), or report this as a bug', data);
  }
  if (live && strangers.length > 0) {
    return fail(
      `reached from the network: ${strangers.map(nameOf).join(', ')}`,
      'report this as a bug',
      data,
    );
  }
  const besides = [
    ...(known.length === 0 ? [] : [`besides ${known.join(' and ')}`]),
    ...(ours.length === 0
      ? []
      : [`besides the gateway, as gateway.listeners says: ${ours.map(nameOf).join(', ')}`]),
  ];
  if (strangers.length > 0) {
    const detail = ['none of ours', ...besides].join(' ');
    return pass(`${detail}; other programs: ${strangers.map(nameOf).join(', ')}`, data);
  }
  const detail = ['nothing is reached from the network', ...besides].join(' ');
  return ours.length > 0
    ? warn(detail, 'as you set it; see gateway.listeners in nanite-config(5)', data)
    : pass(detail, data);
}

/** Socket units by the port that they hold open: `systemctl list-sockets`. */
async function socketUnits(signal: AbortSignal): Promise<Map<string, string>> {
  const units = new Map<string, string>();
  const ran = await runProgram(
    ['systemctl', 'list-sockets', '--all', '--full', '--plain', '--no-legend'],
    signal,
  );
  for (const line of ran?.stdout.split('\n') ?? []) {
    const [, port, unit] = /:(\d+)\s+(\S+\.socket)/.exec(line) ?? [];
    if (port !== undefined && unit !== undefined) units.set(port, unit);
  }
  return units;
}

const wantedPorts = (): number[] => {
  const { gateway } = loadSettings(z.object({ gateway: GatewaySettings.prefault({}) }), {
    user: false,
  }).values;
  return gateway.listeners.map(({ port }) => port);
};

export const listeners: Check = {
  id: 'listeners',
  title: 'Reached from the network',
  side: 'machine',
  seconds: 60,
  quick: true,
  run: async (signal, { live }) => {
    const found = (await listeningSockets()).filter(({ address }) => !isLoopback(address));
    const [held, units] = [await holders(), await socketUnits(signal)];
    const reachable = found.map((socket): Reachable => {
      const holder = held.get(socket.inode);
      const unit = holder?.pid === 1 ? units.get(String(socket.port)) : undefined;
      return { ...socket, owner: unit ?? holder?.unit ?? holder?.program ?? null };
    });
    return judgeListeners(reachable, { live, wanted: wantedPorts() });
  },
};
