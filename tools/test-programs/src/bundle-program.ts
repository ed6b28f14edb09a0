import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

export interface ProgramOptions {
  /** What reads sources in another way than they are. */
  plugins?: Plugin[];
  /** Parts that are imported on demand lie beside the program, as in what ships; default: all in one file. */
  parts?: boolean;
  /** A source in whose place the program stands: native add-ons are found from there and not from `folder`. */
  standsIn?: string;
}

/**
 * A source file and all that it imports as a program for the Node that runs this, for what starts from source: tests that
 * need a process of their own, measurements that need one in a machine. (What ships is bundled by tools/nx-debian.)
 *
 * @returns path of the program: `folder`/`name`.mjs
 */
export async function bundleProgram(
  source: string,
  folder: string,
  name: string,
  { plugins = [], parts = false, standsIn }: ProgramOptions = {},
): Promise<string> {
  const url = standsIn === undefined ? 'import.meta.url' : JSON.stringify(pathToFileURL(standsIn).href);
  await build({
    entryPoints: { [name]: source },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: parts,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['koffi'],
    plugins,
    // CommonJS modules in an ESM bundle still call require() for Node's own modules.
    banner: {
      js: `import { createRequire as __nodeRequire } from 'node:module'; const require = __nodeRequire(${url});`,
    },
    ...(standsIn === undefined ? {} : { define: { 'import.meta.url': url } }),
    logLevel: 'error',
  });
  return join(folder, `${name}.mjs`);
}
