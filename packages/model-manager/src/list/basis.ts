import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { etcDir, shareDir, stateDir } from '@nanite/kit/paths';
import { settingsFiles } from '@nanite/kit/settings-files';
import { fitsFile, hardwareFile, llamaPlace, speedFile } from '../fit/places';
import type { Basis } from './fingerprint';

/** Where the models of this machine are: those of the store, and those of packages. */
export const modelRoots = (): { store: string; packages: string } => ({
  store: join(stateDir(), 'models'),
  packages: join(shareDir(), 'models'),
});

/**
 * All that goes into the list of models: the models, and into whether they run here the settings, the hardware, llama.cpp
 * and what it said (../fit/list.ts), and this program itself.
 */
export function basisOfList(): Basis {
  const { store, packages } = modelRoots();
  return {
    roots: [store, packages],
    files: [
      ...[shareDir(), etcDir()].map((folder) => join(folder, 'config.d')),
      ...settingsFiles({ user: false }).map(({ file }) => file),
      ...[hardwareFile(), llamaPlace(), join(llamaPlace(), 'llama-fit-params'), fitsFile(), speedFile()],
      process.argv[1] ?? '',
    ],
    facts: [String(totalmem()), cpus()[0]?.model ?? ''],
  };
}
