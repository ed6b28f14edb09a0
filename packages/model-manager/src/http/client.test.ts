import { execFileSync } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isPublicAddress } from './address';
import { createHttpClient, type HttpClient } from './client';
import type { GuardRules } from './guard';
import { fetchSmall } from './small';

// Servers and processes of their own start slowly where much else runs.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** These tests have loopback addresses only, so here 127.0.0.2 plays the public internet. */
const outside = '127.0.0.2';
const inside = '127.0.0.1';
const isPublic = (address: string): boolean => address === outside;

let folder: string;
let key: string;
let ca: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nanite-tls-'));
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
      ...['-addext', `subjectAltName=DNS:*.models.example,DNS:localhost,IP:${inside},IP:${outside}`],
    ],
    { stdio: 'ignore' },
  );
  key = readFileSync(join(folder, 'key.pem'), 'utf8');
  ca = readFileSync(join(folder, 'cert.pem'), 'utf8');
});

afterAll(() => rmSync(folder, { recursive: true }));

class TlsServer {
  connections = 0;
  readonly asked: IncomingMessage[] = [];
  redirectTo: string | null = null;
  private constructor(private readonly server: Server) {}

  static async start(address: string): Promise<TlsServer> {
    const server = createServer({ key, cert: ca });
    const started = new TlsServer(server);
    server.on('connection', () => (started.connections += 1));
    server.on('request', (request, response) => {
      started.asked.push(request);
      if (started.redirectTo === null || request.url !== '/') response.end('secret');
      else response.writeHead(302, { location: started.redirectTo }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('the HTTP client', () => {
  let open: TlsServer;
  let hidden: TlsServer;
  let clients: HttpClient[];

  beforeEach(async () => {
    open = await TlsServer.start(outside);
    hidden = await TlsServer.start(inside);
    clients = [];
  });

  afterEach(async () => {
    open.stop();
    hidden.stop();
    await Promise.all(clients.map((client) => client.close()));
  });

  /** Names resolve to what is given, one answer after the other; the last stays. */
  const client = (insecure: boolean, ...answers: string[][]): HttpClient => {
    let count = 0;
    const lookup = ((
      _name: string,
      _options: object,
      callback: (error: null, addresses: LookupAddress[]) => void,
    ) => {
      const answer = answers[Math.min(count++, answers.length - 1)] ?? [];
      callback(
        null,
        answer.map((address) => ({ address, family: 4 })),
      );
    }) as unknown as GuardRules['lookup'];
    const made = createHttpClient({ insecure, ca, rules: { lookup, isPublic } });
    clients.push(made);
    return made;
  };

  const get = (by: HttpClient, url: string, headers?: Record<string, string>) =>
    fetchSmall(by, url, {
      limit: 1000,
      signal: new AbortController().signal,
      ...(headers === undefined ? {} : { headers }),
    }).then(({ body }) => body.toString());

  it('reaches what is public', async () => {
    expect(await get(client(false, [outside]), `https://hub.models.example:${open.port}/`)).toBe('secret');
    expect(await get(client(false), `https://${outside}:${open.port}/`)).toBe('secret');
  });

  it.each(['name', 'address', 'localhost'])('refuses a private address given as %s', async (form) => {
    const host = { name: 'internal.models.example', address: inside, localhost: 'localhost' }[form];
    const url = `https://${host}:${hidden.port}/`;
    // The control: without the guard the same request reads what is there.
    expect(await get(client(true, [inside]), url)).toBe('secret');
    const before = hidden.connections;
    await expect(get(client(false, [inside]), url)).rejects.toMatchObject({
      code: 'refused-address',
      status: 403,
    });
    expect(hidden.connections).toBe(before);
  });

  it('refuses a name that has a private address among public ones', async () => {
    await expect(
      get(client(false, [outside, inside]), `https://both.models.example:${open.port}/`),
    ).rejects.toMatchObject({ code: 'refused-address' });
    expect(open.connections).toBe(0);
  });

  it('refuses a name that is public when first asked and private the next time', async () => {
    const rebinding = client(false, [outside], [inside]);
    const url = `https://rebind.models.example:${open.port}/`;
    expect(await get(rebinding, url)).toBe('secret');
    const again = `https://rebind.models.example:${hidden.port}/`;
    // The control: a client without the guard follows the second answer to the inside.
    expect(await get(client(true, [inside]), again)).toBe('secret');
    const before = hidden.connections;
    await expect(get(rebinding, again)).rejects.toMatchObject({ code: 'refused-address' });
    expect(hidden.connections).toBe(before);
  });

  it.each(['name', 'address', 'fetch'])('refuses a redirect to a private address (%s)', async (form) => {
    const host = form === 'address' ? inside : 'internal.models.example';
    open.redirectTo = `https://${host}:${hidden.port}/`;
    const ask = async (by: HttpClient): Promise<string> => {
      const url = `https://${outside}:${open.port}/`;
      if (form !== 'fetch') return get(by, url);
      return (await by.fetch(url)).text();
    };
    expect(await ask(client(true, [inside]))).toBe('secret');
    const before = hidden.connections;
    const refusal: unknown = await ask(client(false, [inside])).catch((error: unknown) => error);
    const reason = form === 'fetch' ? (refusal as Error).cause : refusal;
    expect(reason).toMatchObject({ code: 'refused-address' });
    expect(hidden.connections).toBe(before);
  });

  it('refuses plain HTTP, also behind a redirect', async () => {
    const plain = createPlainServer((_, response) => response.end('plain'));
    await new Promise<void>((resolve) => plain.listen(0, outside, resolve));
    try {
      const url = `http://${outside}:${(plain.address() as AddressInfo).port}/`;
      expect(await get(client(true), url)).toBe('plain');
      await expect(get(client(false), url)).rejects.toMatchObject({ code: 'refused-plain-http' });
      open.redirectTo = url;
      expect(await get(client(true), `https://${outside}:${open.port}/`)).toBe('plain');
      await expect(get(client(false), `https://${outside}:${open.port}/`)).rejects.toMatchObject({
        code: 'refused-plain-http',
      });
    } finally {
      plain.close();
      plain.closeAllConnections();
    }
  });

  it('drops credentials on the way to another host, and keeps them on the same', async () => {
    const headers = { authorization: 'Bearer secret' };
    open.redirectTo = `https://${inside}:${hidden.port}/`;
    await get(client(true), `https://${outside}:${open.port}/`, headers);
    expect(open.asked[0]?.headers.authorization).toBe('Bearer secret');
    expect(hidden.asked[0]?.headers.authorization).toBeUndefined();

    open.redirectTo = '/elsewhere';
    expect(await get(client(true), `https://${outside}:${open.port}/`, headers)).toBe('secret');
    expect(open.asked.at(-1)?.url).toBe('/elsewhere');
    expect(open.asked.at(-1)?.headers.authorization).toBe('Bearer secret');
  });

  it('does not take a certificate that nobody vouches for, insecure or not', async () => {
    for (const insecure of [true, false]) {
      const strict = createHttpClient({
        insecure,
        rules: { isPublic, lookup: undefined as unknown as GuardRules['lookup'] },
      });
      clients.push(strict);
      await expect(get(strict, `https://${outside}:${open.port}/`)).rejects.toMatchObject({
        code: 'source-unreachable',
      });
    }
  });

  it('goes through the proxy of the environment, not for no_proxy, and keeps its judgement', async () => {
    const tunnels: string[] = [];
    const proxy = createPlainServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const up = connect(open.port, outside, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        up.pipe(socket).pipe(up);
      });
      up.on('error', () => socket.destroy());
      socket.on('error', () => up.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, inside, resolve));
    const before = { ...process.env };
    process.env['https_proxy'] = `http://${inside}:${(proxy.address() as AddressInfo).port}`;
    process.env['no_proxy'] = 'direct.models.example';
    try {
      const made = createHttpClient({
        insecure: false,
        ca,
        rules: {
          isPublic,
          lookup: ((_: string, __: object, done: (error: null, all: LookupAddress[]) => void) =>
            done(null, [{ address: outside, family: 4 }])) as unknown as GuardRules['lookup'],
        },
      });
      clients.push(made);
      expect(await get(made, `https://hub.models.example:${open.port}/`)).toBe('secret');
      expect(tunnels).toEqual([`hub.models.example:${open.port}`]);
      expect(await get(made, `https://direct.models.example:${open.port}/`)).toBe('secret');
      expect(tunnels.length).toBe(1);
      await expect(get(made, `https://${inside}:${hidden.port}/`)).rejects.toMatchObject({
        code: 'refused-address',
      });
      expect(tunnels.length).toBe(1);
    } finally {
      for (const name of ['https_proxy', 'no_proxy']) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '::ffff:8.8.8.8'])(
    'takes %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '[::1]',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'fec0::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    '2001::1',
    '4000::1',
    'localhost',
    '',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
