import type { Target } from './report/targets';

export interface BenchOptions {
  /** Fewer and shorter rounds: to see that it works, not for figures that are reported. */
  quick: boolean;
  /** Bring what is measured up to date first; false: take it as it lies in dist/. */
  build: boolean;
  progress(message: string): void;
}

export interface BenchResult {
  /** All that was measured, for dist/bench/<name>.json. */
  data: unknown;
  /** Markdown for people. */
  report: string;
  targets: Target[];
}

export interface Bench {
  name: string;
  summary: string;
  /** True: runs in a network namespace of its own, with nothing but loopback. */
  isolated: boolean;
  /** Fetch and install what it needs; may use the network. */
  prepare(options: BenchOptions): Promise<void>;
  run(options: BenchOptions): Promise<BenchResult>;
}
