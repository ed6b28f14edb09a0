// Lay out Chroma's server as it goes into the .deb: the native add-on of this platform that holds it, from node_modules,
// and the few lines that start it. The npm package chromadb, its client and its command line stay out.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const here = import.meta.dirname;
const addOn = createRequire(import.meta.url).resolve('chromadb-js-bindings-linux-x64-gnu');

const dist = join(here, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
cpSync(addOn, join(dist, 'chroma.node'));
cpSync(join(here, 'src/server.mjs'), join(dist, 'server.mjs'));
cpSync(join(here, 'src/remote.mjs'), join(dist, 'remote.mjs'));

// Which libraries are linked into it, as their paths in the binary tell; for /usr/share/doc.
const paths = readFileSync(addOn, 'latin1').matchAll(
  /registry\/src\/[^/]+\/([A-Za-z0-9_-]+)-(\d[0-9A-Za-z.+-]*)\//g,
);
const libraries = new Set([...paths].map(([, name, version]) => `${name} ${version}`));
mkdirSync(join(dist, 'doc'));
writeFileSync(join(dist, 'doc/libraries.txt'), [...libraries].sort().join('\n') + '\n');
