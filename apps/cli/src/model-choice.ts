import type { GatewayClient } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/**
 * The model to ask: the one named, the one of the settings, or the one that the service chooses.
 *
 * @throws NaniteError `no-model` where none is installed, `model-too-large` where none can run here
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
  const { name, passedOver } = await client.defaultChoice(signal);
  if (name !== null) return name;
  if (passedOver.length > 0) {
    const why = passedOver.map((other) => `${other.name} ${other.why}`).join('\n  ');
    throw new NaniteError('model-too-large', `no model here can answer: ${why}`, {
      hint: 'find another: nanite models search chat',
    });
  }
  throw new NaniteError('no-model', 'no model that can chat is installed', {
    hint:
      'with a network:    sudo apt install nanite-model-smollm2-135m-instruct\n' +
      '                   or choose: nanite models search chat, nanite models pull NAME\n' +
      'without a network: nanite models import FOLDER, from a stick that another computer filled with\n' +
      '                   nanite models export NAME --to FOLDER; or a file: nanite models pull ./model.gguf',
  });
}
