import { get } from 'node:http';
import type { GatewayNotice } from '@nanite/contracts';
import type { Context } from './context';
import { serverName } from './http/front-door';
import { ollamaPort, otherPort } from './listeners';

const probeMs = 2_000;

type Holder =
  { kind: 'ollama'; version: string } | { kind: 'nanite' } | { kind: 'nobody' } | { kind: 'other' };

function holderOf(url: string): Promise<Holder> {
  return new Promise((resolve) => {
    const call = get(`${url}/api/version`, { agent: false, timeout: probeMs }, (answer) => {
      if (answer.headers.server === serverName) {
        call.destroy();
        return resolve({ kind: 'nanite' });
      }
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text = (text + chunk).slice(0, 4096)));
      answer.once('end', () => {
        const version = /"version"\s*:\s*"([^"]+)"/.exec(text)?.[1];
        resolve(version === undefined ? { kind: 'other' } : { kind: 'ollama', version });
      });
    });
    call.once('timeout', () => call.destroy());
    // Whatever does not speak HTTP is another program.
    call.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: error.code === 'ECONNREFUSED' ? 'nobody' : 'other' }),
    );
  });
}

const beside = `Nanite listens on ${otherPort} instead`;
const pointThere = `point programs at http://localhost:${otherPort} (OLLAMA_HOST=localhost:${otherPort})`;

function noticeOf(holder: Holder): GatewayNotice {
  switch (holder.kind) {
    case 'ollama':
      return {
        code: 'port-taken-by-ollama',
        message: `port ${ollamaPort} is held by Ollama ${holder.version}; ${beside}, and serves Ollama's models too`,
        hint: `${pointThere}, or disable Ollama`,
      };
    case 'nanite':
      return {
        code: 'port-taken-by-nanite',
        message: `port ${ollamaPort} is held by another Nanite on this machine; ${beside}`,
        hint: `${pointThere}, or stop the other one: ss -ltnp 'sport = :${ollamaPort}' shows it`,
      };
    case 'nobody':
      return {
        code: 'port-left',
        message: `port ${ollamaPort} is left to ollama.service, which does not answer; ${beside}`,
        hint: `${pointThere}, or: systemctl disable ollama && systemctl stop nanite-gateway && systemctl restart nanite-gateway-tcp.socket`,
      };
    case 'other':
      return {
        code: 'port-taken',
        message: `port ${ollamaPort} is held by another program; ${beside}`,
        hint: `see who: ss -ltnp 'sport = :${ollamaPort}'; then: systemctl stop nanite-gateway && systemctl restart nanite-gateway-tcp.socket`,
      };
  }
}

/** Say who holds port 11434 instead of us, and put it behind the gateway if it is a real Ollama. */
export async function lookAtPortHolder(
  context: Pick<Context, 'backends' | 'notices' | 'log'>,
  url = `http://127.0.0.1:${ollamaPort}`,
): Promise<void> {
  const holder = await holderOf(url);
  const notice = noticeOf(holder);
  // One that does not answer yet may do so later. Another Nanite may be asking us in turn.
  if (holder.kind === 'ollama' || holder.kind === 'nobody') context.backends.front(url);
  context.notices.push(notice);
  context.log.notice(notice.message, { hint: notice.hint });
}
