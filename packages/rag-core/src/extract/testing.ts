import { bundleProgram } from '@nanite/test-programs';
import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { WorkerPaths } from './worker';

/** For tests, which run from the source: the sandboxed program as the bundle has it. */
export async function buildExtractProgram(): Promise<WorkerPaths> {
  const outdir = mkdtempSync(join(tmpdir(), 'nanite-extract-'));
  const program = await bundleProgram(resolve(import.meta.dirname, 'program.ts'), outdir, 'extract', {
    parts: true,
  });
  const grammars = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'));
  return { program, grammars };
}
