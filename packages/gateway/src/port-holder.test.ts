import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { GatewaySettings, type GatewayNotice } from '@nanite/contracts';
import { createLog } from '@nanite/kit';
import { startTestGateway } from './__fixtures__/test-gateway';
import { Backends } from './backends/registry';
import { lookAtPortHolder } from './port-holder';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function urlOf(server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What is said of whoever answers there, and the servers that are asked for models from then on. */
async function holderAt(url: string) {
  const notices: GatewayNotice[] = [];
  const backends = new Backends(GatewaySettings.parse({}));
  closing.push(() => backends.close());
  await lookAtPortHolder({ backends, notices, log: createLog(() => {}) }, url);
  return { notice: notices[0], fronted: backends.all.map(({ name }) => name) };
}

it('knows an Ollama, and serves its models', async () => {
  const url = await urlOf(createServer((_, res) => res.end('{"version":"0.14.0"}')));
  const { notice, fronted } = await holderAt(url);
  expect(notice).toMatchObject({
    code: 'port-taken-by-ollama',
    message: expect.stringContaining('held by Ollama 0.14.0') as string,
  });
  expect(fronted).toEqual(['ollama']);
});

it('knows another Nanite, and does not ask it', async () => {
  const other = await startTestGateway();
  closing.push(() => other.close());
  const { notice, fronted } = await holderAt(other.url);
  expect(notice).toMatchObject({
    code: 'port-taken-by-nanite',
    message: 'port 11434 is held by another Nanite on this machine; Nanite listens on 11435 instead',
  });
  expect(fronted).toEqual([]);
});

it('knows another Nanite that does not let us in', async () => {
  const other = await startTestGateway({ access: { only: [4_000_000_000] } });
  closing.push(() => other.close());
  expect((await holderAt(other.url)).notice).toMatchObject({ code: 'port-taken-by-nanite' });
});

it('knows other programs, with HTTP and without', async () => {
  const web = await urlOf(createServer((_, res) => res.end('<html>')));
  expect((await holderAt(web)).notice).toMatchObject({ code: 'port-taken' });
  const mute = await urlOf(createTcpServer((socket) => socket.resume().end('220 mail\r\n')) as never);
  expect((await holderAt(mute)).notice).toMatchObject({ code: 'port-taken' });
});
