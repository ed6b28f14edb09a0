// Hashes a file that is still being written, as far as it is told to, in a thread of its own: SHA-256 of a gigabyte is
// half a second in which the event loop would carry no bytes. It reads what was just written from the page cache.
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { fd, shared } = workerData;
// [0] all bytes before it are in the file; [1] 1 once that is its end; [2] grows with each change of the others
const told = new BigInt64Array(shared);
const hash = createHash('sha256');
const block = Buffer.allocUnsafeSlow(256 * 1024);
let position = 0;

for (;;) {
  // Read first: what changes after it makes the wait below return at once.
  const change = Atomics.load(told, 2);
  const isEnd = Atomics.load(told, 1) === 1n;
  const upTo = Number(Atomics.load(told, 0));
  while (position < upTo) {
    const count = readSync(fd, block, 0, Math.min(block.length, upTo - position), position);
    if (count === 0) throw new Error(`the file ends at ${position}, before ${upTo}`);
    hash.update(block.subarray(0, count));
    position += count;
  }
  if (isEnd) break;
  Atomics.wait(told, 2, change);
}
parentPort.postMessage(hash.digest('hex'));
