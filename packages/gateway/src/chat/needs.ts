import type { ModelManifest } from '@nanite/contracts';
import { needCapability } from './capability';

interface Part {
  type?: unknown;
  content?: unknown;
}

/** The types of all parts of all messages, those inside results of tools too. */
function partTypes(messages: readonly { content?: unknown }[]): Set<unknown> {
  const types = new Set<unknown>();
  const visit = (content: unknown): void => {
    if (!Array.isArray(content)) return;
    for (const part of content as Array<Part | null>) {
      types.add(part?.type);
      visit(part?.content);
    }
  };
  for (const message of messages) visit(message?.content);
  return types;
}

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
  const types = partTypes(messages);
  if (types.has('image_url') || types.has('image')) needCapability(manifest, ['vision'], 'images');
  if (types.has('input_audio')) needCapability(manifest, ['audio']);
}
