import { writeSync } from 'node:fs';
import { fetchFile } from '../download/fetch';

/** A fetch in a process of its own, to be killed; a line on standard output for each progress. */
const [url = '', sha256 = '', part = '', state = '', chunkBytes = ''] = process.argv.slice(2);
await fetchFile(
  {
    role: 'weights',
    name: 'model.gguf',
    size: null,
    sha256,
    locate: () => Promise.resolve({ url: `${url}/model.gguf`, headers: {}, insecure: true }),
  },
  { part, state },
  {
    signal: new AbortController().signal,
    chunkBytes: Number(chunkBytes),
    parallel: 2,
    bytesPerSecond: null,
    onProgress: (done) => void writeSync(1, `${done}\n`),
  },
);
