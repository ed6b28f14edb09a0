import type { GatewayNotice } from '@nanite/contracts';
import type { Context } from './context';
import { ollamaPort, otherPort } from './listeners';

const probeMs = 2_000;

/** Who holds Ollama's port; the version where it is an Ollama, null where it is something else. */
async function ollamaVersionAt(url: string): Promise<string | null> {
  try {
    const { request } = await import('undici');
    const answer = await request(`${url}/api/version`, { signal: AbortSignal.timeout(probeMs) });
    const body = (await answer.body.json()) as { version?: unknown };
    return typeof body.version === 'string' ? body.version : null;
  } catch {
    // Not HTTP, or not Ollama: the notice says "another program".
    return null;
  }
}

/** Say who holds port 11434 instead of us, and put it behind the gateway if it is a real Ollama. */
export async function lookAtPortHolder(
  context: Context,
  url = `http://127.0.0.1:${ollamaPort}`,
): Promise<void> {
  const version = await ollamaVersionAt(url);
  const notice: GatewayNotice =
    version === null
      ? {
          code: 'port-taken',
          message: `port ${ollamaPort} is held by another program; Nanite listens on ${otherPort} instead`,
          hint: `see who: ss -ltnp 'sport = :${ollamaPort}'; then: systemctl restart nanite-gateway-tcp.socket`,
        }
      : {
          code: 'port-taken-by-ollama',
          message: `port ${ollamaPort} is held by Ollama ${version}; Nanite listens on ${otherPort} and serves Ollama's models too`,
          hint: `point programs at http://localhost:${otherPort} (OLLAMA_HOST=localhost:${otherPort}), or stop Ollama`,
        };
  if (version !== null) context.backends.front(url);
  context.notices.push(notice);
  context.log.notice(notice.message, { hint: notice.hint });
}
