import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { NaniteError } from '@nanite/kit';
import { buildConnector, type Dispatcher } from 'undici';
import { isPublicAddress } from './address';

/** How addresses are found and judged. Tests, which have nothing but loopback addresses, give their own. */
export interface GuardRules {
  lookup: typeof lookup;
  isPublic: (address: string) => boolean;
}

export const strictRules: GuardRules = { lookup, isPublic: isPublicAddress };

const insecureHint = 'if this is a server of yours, allow it with insecure: true (--insecure)';

function refusedAddress(host: string, address: string): NaniteError {
  return new NaniteError(
    'refused-address',
    host === address
      ? `${host} is not an address of the public internet`
      : `${host} is ${address}, which is not an address of the public internet`,
    { status: 403, hint: insecureHint },
  );
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** Name resolution that gives public addresses only. */
export function guardedLookup(rules: GuardRules): LookupFunction {
  return (hostname, options, callback) => {
    rules.lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), '', 0);
        return;
      }
      // One private address among public ones is refused as well: which of them is used is chance.
      const refused = addresses.find(({ address }) => !rules.isPublic(address));
      if (refused !== undefined) callback(refusedAddress(hostname, refused.address), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Opens connections to public addresses only. The address that is judged is the one connected to: names are judged as
 * they are resolved for this very connection, and the socket's peer once more before a byte is sent, so a name that
 * changes its address between a check and its use (DNS rebinding) gains nothing.
 */
export function guardedConnector(
  rules: GuardRules,
  tls: { ca?: string | undefined } = {},
): buildConnector.connector {
  const connect = buildConnector({ ...tls, lookup: guardedLookup(rules) });
  return (options, callback) => {
    const host = bare(options.hostname);
    if (isIP(host) !== 0 && !rules.isPublic(host)) {
      callback(refusedAddress(host, host), null);
      return;
    }
    connect(options, (...result) => {
      // On an error undici gives nothing in its place, not even null.
      const socket: Socket | null | undefined = result[1];
      const peer = socket?.remoteAddress;
      if (socket && (peer === undefined || !rules.isPublic(peer))) {
        socket.destroy();
        callback(refusedAddress(host, peer ?? 'gone'), null);
        return;
      }
      callback(...result);
    });
  };
}

/** Passes on only what goes to HTTPS; also where a proxy connects for us, addresses in the URL are judged here. */
export function publicHttpsOnly({ isPublic }: GuardRules): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { protocol, hostname } = new URL(String(options.origin));
    if (protocol !== 'https:') {
      throw new NaniteError('refused-plain-http', `${protocol}//${hostname} is not encrypted`, {
        status: 403,
        hint: insecureHint,
      });
    }
    const host = bare(hostname);
    if (host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && !isPublic(host))) {
      throw refusedAddress(host, host);
    }
    return dispatch(options, handler);
  };
}
