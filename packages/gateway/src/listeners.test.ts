import { expect, it } from 'vitest';
import { GatewaySettings } from '@nanite/contracts';
import { checkListeners } from './listeners';

const tls = { certificate: '/x', key: '/y' };
const token = { name: 'laptop', user: 0, sha256: 'a'.repeat(64) };
const settings = (host: string, more: object, tokens: object[] = []) =>
  GatewaySettings.parse({ listeners: [{ host, port: 11443, ...more }], tokens });

it('takes loopback as it is, and the world with TLS and a token', () => {
  checkListeners(settings('127.0.0.1', {}));
  checkListeners(settings('0.0.0.0', { tls }, [token]));
});

it.each([
  ['0.0.0.0', {}, [], 'TLS and a token'],
  ['192.168.0.7', { tls }, [], 'without a token'],
  ['::', {}, [token], 'without TLS'],
])('refuses %s with %j and %j', (host, more, tokens, message) => {
  expect(() => checkListeners(settings(host, more, tokens))).toThrow(message);
});
