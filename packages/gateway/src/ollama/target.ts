import type { ModelManifest } from '@nanite/contracts';
import type { Context } from '../context';
import { findTarget, type Target } from '../models/target';
import { keepAliveMs } from '../memory/keep-alive';

export interface OllamaTarget {
  target: Target;
  /** Null for backends. */
  manifest: ModelManifest | null;
  keepAlive: number | undefined;
}

/** @throws NaniteError as findTarget, 400 for a keep_alive that is not a duration */
export async function ollamaTarget(
  context: Context,
  request: { model: string; keep_alive?: number | string | null },
): Promise<OllamaTarget> {
  const given = request.keep_alive;
  const keepAlive = given === null || given === undefined || given === '' ? undefined : keepAliveMs(given);
  const target = await findTarget(request.model, context.catalogue, context.backends);
  return { target, keepAlive, manifest: target.kind === 'local' ? target.entry.manifest : null };
}
