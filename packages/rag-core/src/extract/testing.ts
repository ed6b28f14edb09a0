import { build } from 'esbuild';
import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { WorkerPaths } from './worker';

/** For tests, which run from the source: the sandboxed program as the bundle has it. */
export async function buildExtractProgram(): Promise<WorkerPaths> {
  const outdir = mkdtempSync(join(tmpdir(), 'nanite-extract-'));
  await build({
    entryPoints: { extract: resolve(import.meta.dirname, 'program.ts') },
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    banner: {
      js: "import { createRequire as __nodeRequire } from 'node:module'; const require = __nodeRequire(import.meta.url);",
    },
  });
  const grammars = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'));
  return { program: join(outdir, 'extract.mjs'), grammars };
}
