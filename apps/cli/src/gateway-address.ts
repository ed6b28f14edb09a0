import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayClient, type GatewayAddress } from '@nanite/contracts';
import { NaniteError, socketPath } from '@nanite/kit';
import { isOwnFolder, personRuntimeDir } from './person-places';

/**
 * Where to ask: NANITE_HOST (a URL, host:port, or the path of a unix socket; NANITE_TOKEN with it), else the system's
 * socket, else that of a `nanite serve` of this person.
 *
 * @throws NaniteError `usage` where NANITE_HOST is not understood
 */
export function gatewayAddress(env: NodeJS.ProcessEnv = process.env): GatewayAddress {
  const host = env['NANITE_HOST'];
  if (host) {
    if (host.startsWith('/')) return { kind: 'unix', socketPath: host };
    const text = /^https?:\/\//.test(host) ? host : `http://${host}`;
    if (!URL.canParse(text)) {
      throw new NaniteError('usage', `NANITE_HOST is neither a URL nor a socket: ${host}`, {
        hint: 'for example NANITE_HOST=http://127.0.0.1:11434 or NANITE_HOST=/run/nanite/gateway.sock',
      });
    }
    return { kind: 'tcp', url: new URL(text), token: env['NANITE_TOKEN'] || null };
  }
  const system = socketPath('gateway');
  const uid = process.getuid?.() ?? 0;
  const places = personRuntimeDir(env, uid);
  const own = `${places}/gateway.sock`;
  const useOwn =
    !env['NANITE_RUNTIME_DIR'] && !existsSync(system) && existsSync(own) && isOwnFolder(dirname(places), uid);
  return { kind: 'unix', socketPath: useOwn ? own : system };
}

export const gateway = (): GatewayClient => new GatewayClient(gatewayAddress());
