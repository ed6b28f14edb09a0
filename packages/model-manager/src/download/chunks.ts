/** Which bytes of a file are there: from the start of each chunk on, so one number per chunk says all. */
export class Chunks {
  readonly #have: number[];
  #first = 0;
  #done: number;

  /**
   * @param size bytes of the file
   * @param chunkBytes bytes of every chunk but the last
   * @param have bytes there of each chunk, of an earlier run
   */
  constructor(
    readonly size: number,
    readonly chunkBytes: number,
    have: readonly number[] = [],
  ) {
    this.#have = Array.from({ length: Math.ceil(size / chunkBytes) }, (_, index) =>
      Math.min(have[index] ?? 0, this.end(index) - this.begin(index)),
    );
    this.#done = this.#have.reduce((sum, one) => sum + one, 0);
  }

  get count(): number {
    return this.#have.length;
  }

  /** Bytes that are there. */
  get done(): number {
    return this.#done;
  }

  begin(index: number): number {
    return index * this.chunkBytes;
  }

  end(index: number): number {
    return Math.min(this.size, (index + 1) * this.chunkBytes);
  }

  /** The first byte of a chunk that is missing. */
  position(index: number): number {
    return this.begin(index) + (this.#have[index] ?? 0);
  }

  isComplete(index: number): boolean {
    return this.position(index) >= this.end(index);
  }

  add(index: number, bytes: number): void {
    this.#have[index] = (this.#have[index] ?? 0) + bytes;
    this.#done += bytes;
  }

  /** All bytes before it are there. */
  get frontier(): number {
    while (this.#first < this.count && this.isComplete(this.#first)) this.#first += 1;
    return this.#first === this.count ? this.size : this.position(this.#first);
  }

  /** Each chunk that is not complete, once, in the order of the file. */
  *incomplete(): Generator<number, void, undefined> {
    for (let index = 0; index < this.count; index++) if (!this.isComplete(index)) yield index;
  }

  snapshot(): number[] {
    return [...this.#have];
  }
}
