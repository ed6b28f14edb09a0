import { existsSync } from 'node:fs';
import { NaniteError } from '@nanite/kit';
import { report } from './report';
import { runProgram } from './external/run-program';

const detector = (): string => process.env['NANITE_GPU_DETECT'] ?? '/usr/bin/nanite-gpu-detect';

/** `nanite gpu`: nanite-gpu-detect(1) under the name that people look for. */
export async function gpu(words: readonly string[]): Promise<number> {
  if (!existsSync(detector())) {
    return report(
      new NaniteError('not-installed', 'the hardware detector is not installed', {
        hint: 'sudo apt install nanite-gpu-detect',
      }),
    );
  }
  return runProgram(detector(), words);
}
