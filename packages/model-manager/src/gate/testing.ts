import { bundleProgram } from '@nanite/test-programs';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** For tests, which run from the source: a folder with the sandboxed program as the bundle has it. */
export function buildGateProgram(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nanite-gate-'));
  return bundleProgram(resolve(import.meta.dirname, 'program.ts'), folder, 'gate');
}

export function temporaryFile(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'nanite-gate-')), name);
  writeFileSync(path, content);
  return path;
}
