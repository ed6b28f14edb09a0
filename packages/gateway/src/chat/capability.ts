import type { ModelCapability, ModelManifest } from '@nanite/contracts';
import { NaniteError } from '@nanite/kit';

/** @throws NaniteError 400 `not-supported` where the model's manifest does not promise what a request needs */
export function needCapability(
  manifest: ModelManifest,
  anyOf: readonly ModelCapability[],
  what: string = anyOf[0] ?? '',
): void {
  if (anyOf.some((each) => manifest.capabilities.includes(each))) return;
  throw new NaniteError('not-supported', `"${manifest.name}" does not support ${what}`, {
    status: 400,
    hint: `it can do: ${manifest.capabilities.join(', ')}`,
  });
}
