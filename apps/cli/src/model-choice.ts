import type { GatewayClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

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
  const names = await client.chatModels(1, signal);
  if (names[0] !== undefined) return names[0];
  throw new NaniteError('no-model', 'no model that can chat is installed', {
    hint:
      'with a network:    sudo apt install nanite-model-smollm2-135m-instruct\n' +
      '                   or choose: nanite models search chat, nanite models pull NAME\n' +
      'without a network: nanite models import FOLDER, from a stick that another computer filled with\n' +
      '                   nanite models export NAME --to FOLDER; or a file: nanite models pull ./model.gguf',
  });
}
