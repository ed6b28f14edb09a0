import { build } from 'esbuild';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** For tests, which run from the source: a folder with the sandboxed program as the bundle has it. */
export async function buildGateProgram(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-gate-'));
  const outfile = join(folder, 'gate.mjs');
  await build({
    entryPoints: [resolve(import.meta.dirname, 'program.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return outfile;
}

export function temporaryFile(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'nanite-gate-')), name);
  writeFileSync(path, content);
  return path;
}
