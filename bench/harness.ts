import type { BenchResult } from 'sage-stream/bench'

/** What a bench file exports: `bench/*.bench.ts`, found by `bench/main.ts`. */
export interface Bench {
  readonly title: string
  /** What must be reached, in words; printed beside the figures. */
  readonly targets?: string
  run(): Promise<BenchResult[]>
}
