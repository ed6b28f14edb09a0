import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from './cache';
import { downloadedArchive, registryClients, type RegistryClient } from './clients';
import { describe, type ArchivePin } from './spec';
import { sha256Of, verifyArchive } from './verify';

export interface FetchOptions {
  /** Default `$NANITE_CACHE/sources`. */
  cache?: string;
  clients?: Record<ArchivePin['registry'], RegistryClient>;
  /** Told what takes time. */
  say?: (line: string) => void;
}

/** The verified archive, in the cache. */
export async function obtainArchive(
  pin: ArchivePin,
  cache: Cache,
  partial: string,
  { clients = registryClients, say = () => {} }: FetchOptions,
): Promise<string> {
  if (pin.sha256 !== undefined && (await cache.has(pin.sha256))) return cache.path(pin.sha256);
  say(`Fetching ${describe(pin)}`);
  const folder = join(partial, 'download');
  mkdirSync(folder, { recursive: true });
  await clients[pin.registry](pin, folder);
  const archive = downloadedArchive(pin, folder);
  await verifyArchive(pin, archive);
  return cache.keep(archive, pin.sha256 ?? (await sha256Of(archive)));
}
