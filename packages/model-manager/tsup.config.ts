import { bundle } from '../../tools/nx-debian/bundle';

/** Beside the service: the program that examines files in a sandbox, and the thread that hashes what is fetched. */
export default bundle({
  main: 'src/main.ts',
  gate: 'src/gate/program.ts',
  sharing: 'src/sharing/program.ts',
  'hash-thread': 'src/download/hash-thread.mjs',
});
