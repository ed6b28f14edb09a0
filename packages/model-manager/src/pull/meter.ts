/** Seconds over which a rate is taken: long enough to be steady, short enough to follow. */
const windowSeconds = 5;

/** How fast a job goes, over all its files, and when it will be done. */
export class Meter {
  readonly #samples: Array<{ at: number; bytes: number }> = [];
  readonly #files = new Map<string, { done: number; total: number | null }>();

  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  /** A file that is part of the job, so that the estimate counts it before it begins. */
  expect(key: string, total: number | null): void {
    this.#files.set(key, { done: 0, total });
  }

  /** Bytes that were there already count as done, not as speed. */
  begin(key: string, done: number): void {
    const file = this.#files.get(key);
    if (file) file.done = done;
    this.#samples.length = 0;
  }

  update(key: string, done: number, total: number | null): { rate?: number; eta?: number } {
    this.#files.set(key, { done, total: total ?? this.#files.get(key)?.total ?? null });
    const at = this.now();
    const bytes = [...this.#files.values()].reduce((sum, file) => sum + file.done, 0);
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > windowSeconds)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || at - first.at < 0.5 || bytes <= first.bytes) return {};
    const rate = (bytes - first.bytes) / (at - first.at);
    const left = [...this.#files.values()].map((file) =>
      file.total === null ? null : file.total - file.done,
    );
    if (left.includes(null)) return { rate: Math.round(rate) };
    const rest = left.reduce<number>((sum, each) => sum + (each ?? 0), 0);
    return { rate: Math.round(rate), eta: Math.round((rest / rate) * 10) / 10 };
  }
}
