import { cpSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundle } from '../../tools/nx-debian/bundle';

const wasm = dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm'));

/** Beside the service: the program that reads files in a sandbox with its grammars, and the MCP server for agents. */
export default bundle(
  {
    main: 'src/main.ts',
    extract: 'src/extract/program.ts',
    team: 'src/team/main.ts',
    access: 'src/access/main.ts',
    mcp: 'src/mcp/program.ts',
    eval: 'src/eval/main.ts',
  },
  {
    // SQLite comes from Debian's node-sqlite3.
    external: ['koffi', 'onnxruntime-node', 'sqlite3'],
    onSuccess: () => {
      for (const name of readdirSync(wasm).filter((file) => file.endsWith('.wasm'))) {
        cpSync(join(wasm, name), join(import.meta.dirname, 'dist/grammars', name), { mode: 0 });
      }
      return Promise.resolve();
    },
  },
);
