import { existsSync } from 'node:fs';
import { NaniteError, libDir } from '@nanite/kit';
import { runProgram } from '../external/run-program';
import { report } from '../report';

/** Programs of nanite-rag that are not services. */
async function run(name: string, words: readonly string[]): Promise<number> {
  const program = `${libDir()}/rag/${name}.mjs`;
  if (existsSync(program)) return runProgram(process.execPath, [program, ...words]);
  return report(
    new NaniteError('not-installed', 'this needs the package nanite-rag, which is not installed', {
      hint: 'sudo apt install nanite-rag',
    }),
  );
}

/** `nanite knowledge eval` */
export const evaluate = (folder: string, { json = false }: { json?: boolean }): Promise<number> =>
  run('eval', [...(json ? ['--json'] : []), '--', folder]);

/** `nanite knowledge mcp` */
export const serveMcp = (): Promise<number> => run('mcp', []);
