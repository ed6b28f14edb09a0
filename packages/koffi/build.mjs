// Lay out the koffi of node_modules as it goes into the .deb: what Node loads on this platform, and nothing of the
// sources, the documentation, its build tool and the twenty other platforms.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const koffi = dirname(require.resolve('koffi'));
const native = dirname(require.resolve('@koromix/koffi-linux-x64/package.json', { paths: [koffi] }));

const modules = join(here, 'dist/node_modules');
rmSync(join(here, 'dist'), { recursive: true, force: true });

function copy(from, to, files) {
  for (const file of files) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(from, file), join(to, file));
  }
}

copy(koffi, join(modules, 'koffi'), [
  'package.json',
  'index.cjs',
  'index.js',
  'src/koffi/index.cjs',
  'src/koffi/index.js',
  'src/koffi/src/static.cjs',
  'src/koffi/src/static.js',
]);
copy(native, join(modules, '@koromix/koffi-linux-x64'), ['package.json', 'index.js', 'linux_x64/koffi.node']);
