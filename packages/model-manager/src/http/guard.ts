import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { NaniteError } from '@nanite/kit';
import { buildConnector, type Dispatcher } from 'undici';
import { isPublicAddress } from './address';

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

/**
 * Name resolution that gives public addresses only.
 *
 * @param resolve how names are resolved; tests replace it
 */
export function guardedLookup(resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), '', 0);
        return;
      }
      // One private address among public ones is refused as well: which of them is used is chance.
      const refused = addresses.find(({ address }) => !isPublicAddress(address));
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
export function guardedConnector(resolve?: typeof lookup): buildConnector.connector {
  const connect = buildConnector({ lookup: guardedLookup(resolve) });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isPublicAddress(host)) {
      callback(refusedAddress(host, host), null);
      return;
    }
    connect(options, (...result) => {
      const socket: Socket | null = result[1];
      const peer = socket?.remoteAddress;
      if (socket !== null && (peer === undefined || !isPublicAddress(peer))) {
        socket.destroy();
        callback(refusedAddress(options.hostname, peer ?? 'gone'), null);
        return;
      }
      callback(...result);
    });
  };
}

/** Passes on only what goes to HTTPS; also where a proxy connects for us, addresses in the URL are judged here. */
export const httpsOnly: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { protocol, hostname } = new URL(String(options.origin));
  if (protocol !== 'https:') {
    throw new NaniteError('refused-plain-http', `${protocol}//${hostname} is not encrypted`, {
      status: 403,
      hint: insecureHint,
    });
  }
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost') || (isIP(host) !== 0 && !isPublicAddress(host))) {
    throw refusedAddress(host, host);
  }
  return dispatch(options, handler);
};
