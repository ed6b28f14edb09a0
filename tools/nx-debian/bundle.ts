import { dirname } from 'node:path';
import { defineConfig, type Options } from 'tsup';

/** zod's messages in forty languages are a third of a small bundle, and Node reads them at each start: English stays. */
const zodInEnglish: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'zod-in-english',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: dirname(path),
    })),
};

/**
 * How every TypeScript package of ours is bundled: ESM for the Node that trixie ships, everything inside one folder,
 * native add-ons left out (they come from .debs of their own).
 *
 * @param entry name of each output file (without `.mjs`) to its source, such as `{ main: 'src/main.ts' }`
 * @param options further tsup options, such as `external`
 */
export function bundle(entry: Record<string, string>, options: Options = {}) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    outDir: 'dist',
    clean: true,
    // Modules that Debian packages provide are external; all others travel in the bundle.
    noExternal: [/.*/],
    external: ['koffi', 'onnxruntime-node'],
    splitting: true,
    treeshake: true,
    // debian/copyright is made from this list of bundled modules.
    metafile: true,
    outExtension: () => ({ js: '.mjs' }),
    // CommonJS modules in an ESM bundle still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __nodeRequire } from 'node:module'; const require = __nodeRequire(import.meta.url);",
    },
    silent: true,
    esbuildPlugins: [zodInEnglish],
    ...options,
  });
}
