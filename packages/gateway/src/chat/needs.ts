import type { ModelManifest } from '@nanite/contracts';
import { needCapability } from './capability';
import { needForMedia } from './media';

/**
 * Refuse what the model cannot do before anything is loaded: tools, images, sound. An answer that left them out would look
 * right and be wrong.
 *
 * @param messages in the form of OpenAI's or Anthropic's API
 * @throws NaniteError 400 `not-supported`
 */
export function needForChat(
  manifest: ModelManifest,
  messages: readonly { content?: unknown }[],
  tools: readonly unknown[] | null | undefined,
): void {
  needCapability(manifest, ['chat']);
  if (tools && tools.length > 0) needCapability(manifest, ['tools']);
  needForMedia(manifest, messages);
}
