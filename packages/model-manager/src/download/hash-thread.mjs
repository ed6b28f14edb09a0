// Hashes a file that is still being written, as far as it is told to, in a thread of its own: SHA-256 of a gigabyte is
// half a second in which the event loop would carry no bytes. It reads what was just written from the page cache.
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const hash = createHash('sha256');
const block = Buffer.allocUnsafeSlow(256 * 1024);
let position = 0;

parentPort.on('message', ({ upTo, end }) => {
  while (position < upTo) {
    const count = readSync(workerData.fd, block, 0, Math.min(block.length, upTo - position), position);
    if (count === 0) throw new Error(`the file ends at ${position}, before ${upTo}`);
    hash.update(block.subarray(0, count));
    position += count;
  }
  if (end) parentPort.postMessage(hash.digest('hex'));
});
