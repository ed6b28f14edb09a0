// A thread that sleeps until each request is due and then wakes the one that sends.
//
// Timers of Node's event loop have a resolution of 1 ms, which is more than what is measured here; a thread that waits
// on a futex is woken within some 0.05 ms and takes no CPU meanwhile. JavaScript, because Node 20 starts a worker thread
// without the loader that reads TypeScript.
import { parentPort, workerData } from 'node:worker_threads';

const { startAt, rate, count } = workerData;
const cell = new Int32Array(new SharedArrayBuffer(4));

/** Milliseconds of CLOCK_MONOTONIC, the same in every thread. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

for (let i = 0; i < count; i++) {
  const wait = startAt + (i * 1000) / rate - now();
  if (wait > 0) Atomics.wait(cell, 0, 0, wait);
  parentPort.postMessage(i);
}
