/**
 * When each request of an open-loop load is due: at a fixed rate, whatever happened to those before.
 *
 * Latency is counted from the moment a request was due, not from when it was sent: a server (or a generator) that stalls
 * is then charged for every request that the stall delayed. Counting from the sending hides them, which Gil Tene named
 * "coordinated omission".
 */
export class Schedule {
  #taken = 0;

  /**
   * @param rate requests a second
   * @param seconds how long
   */
  constructor(
    readonly rate: number,
    readonly seconds: number,
  ) {
    if (!(rate > 0) || !(seconds > 0)) throw new RangeError('rate and duration are positive');
  }

  get count(): number {
    return Math.round(this.rate * this.seconds);
  }

  get isDone(): boolean {
    return this.#taken >= this.count;
  }

  /** Milliseconds from the start at which request `index` is due. */
  dueAt(index: number): number {
    return (index * 1000) / this.rate;
  }

  /** Milliseconds from the start at which the next request is due; Infinity after the last. */
  get next(): number {
    return this.isDone ? Infinity : this.dueAt(this.#taken);
  }

  /** Due times of all requests that have become due by `now` and were not taken before. */
  take(now: number): number[] {
    const due: number[] = [];
    for (; this.next <= now; this.#taken++) due.push(this.next);
    return due;
  }
}
