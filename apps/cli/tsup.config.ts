import { dirname } from 'node:path';
import { bundle } from '../../tools/nx-debian/bundle';

export default bundle(
  { main: 'src/main.ts' },
  {
    onSuccess: 'node --import tsx src/docs/generate.ts',
    // zod's messages in forty languages are a third of the bundle, and Node reads them at each start: English stays.
    esbuildPlugins: [
      {
        name: 'zod-in-english',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
            contents: "export { default as en } from './en.js';",
            resolveDir: dirname(path),
          })),
      },
    ],
  },
);
