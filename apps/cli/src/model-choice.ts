import { ApiFailure, type GatewayClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

const chats = (capabilities: readonly string[]): boolean =>
  capabilities.includes('chat') ||
  (capabilities.includes('completion') && !capabilities.includes('embedding'));

/**
 * The model to ask: the one named, the one of the settings, or the first installed one that can chat.
 *
 * @throws NaniteError `no-model` where none can
 * @throws ApiFailure
 */
export async function chooseModel(
  client: GatewayClient,
  named: string | undefined,
  preferred: string | null,
  signal?: AbortSignal,
): Promise<string> {
  const given = named ?? preferred;
  if (given) return given;
  const names = await chatModels(client, 1, signal);
  if (names[0] !== undefined) return names[0];
  throw new NaniteError('no-model', 'no model that can chat is installed', {
    hint: 'install one: sudo apt install nanite-model-smollm2-135m-instruct',
  });
}

/** Names of the installed models that can chat, at most `most` of them. */
export async function chatModels(
  client: GatewayClient,
  most = Infinity,
  signal?: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  const { models } = await client.tags(signal);
  for (const { name } of models) {
    if (found.length >= most) break;
    try {
      const { capabilities } = await client.show(name, signal);
      if (chats(capabilities)) found.push(name);
    } catch (error) {
      // Removed since it was listed, or broken: the next one may do.
      if (!(error instanceof ApiFailure) || error.code === 'unreachable') throw error;
    }
  }
  return found;
}
