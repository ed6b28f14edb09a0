import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { libDir, runtimeDir, stateDir } from '@nanite/kit/paths';

/** Where llama.cpp's programs lie once nanite-llama is installed. */
export const llamaPlace = (): string => join(libDir(), 'llama');

/** Where llama.cpp's programs are; null where nanite-llama is not installed. */
export const llamaFolder = (): string | null =>
  existsSync(join(llamaPlace(), 'llama-fit-params')) ? llamaPlace() : null;

/** What gpu-detect reported. */
export const hardwareFile = (): string => join(runtimeDir(), 'hardware.json');

/** What llama.cpp said of models that are here. */
export const fitsFile = (): string => join(stateDir(), 'models', 'fits.json');

/** How fast memory was when it was measured. */
export const speedFile = (): string => join(stateDir(), 'models', 'speed.json');
