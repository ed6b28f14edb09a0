import { bundle } from '../../tools/nx-debian/bundle';

/** SQLite comes from Debian's node-sqlite3. */
export default bundle({ main: 'src/main.ts' }, { external: ['koffi', 'onnxruntime-node', 'sqlite3'] });
