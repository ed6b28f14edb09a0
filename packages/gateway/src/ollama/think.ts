import type { ModelManifest, OllamaThink } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/**
 * `think` as fields for the server's chat template.
 *
 * @throws NaniteError 400 where thinking is asked of a model that cannot
 */
export function thinkFields(
  think: OllamaThink | null | undefined,
  manifest: ModelManifest | null,
): Record<string, unknown> {
  if (think === null || think === undefined) return {};
  const can = manifest === null || manifest.capabilities.includes('thinking');
  if (think !== false && !can) {
    throw new NaniteError('not-supported', `"${manifest.name}" does not support thinking`, { status: 400 });
  }
  if (!can) return {};
  return {
    chat_template_kwargs: {
      enable_thinking: think !== false,
      ...(typeof think === 'string' && { reasoning_effort: think === 'max' ? 'high' : think }),
    },
  };
}
