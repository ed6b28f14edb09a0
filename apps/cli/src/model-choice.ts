import type { GatewayClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/**
 * The model to ask: the one named, the one of the settings, or the one that the service chooses.
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
  const chosen = await client.defaultModel(signal);
  if (chosen !== null) return chosen;
  throw new NaniteError('no-model', 'no model that can chat is installed', {
    hint:
      'with a network:    sudo apt install nanite-model-smollm2-135m-instruct\n' +
      '                   or choose: nanite models search chat, nanite models pull NAME\n' +
      'without a network: nanite models import FOLDER, from a stick that another computer filled with\n' +
      '                   nanite models export NAME --to FOLDER; or a file: nanite models pull ./model.gguf',
  });
}
