import { defineJob, type PartitionedSource, type PartitionReader } from 'sage-stream'

/** What flows. */
export interface Reading {
  readonly sensor: number
  readonly value: number
}

/** Records a batch. */
export const BATCH = 1024

/** The six operators of the chain bench: the same functions for every contender. */
export const makeReading = (i: number): Reading => ({ sensor: i & 15, value: i % 1000 })
export const toKelvin = (r: Reading): Reading => ({ sensor: r.sensor, value: r.value + 273 })
export const isPlausible = (r: Reading): boolean => r.value < 1200
export const scaled = (r: Reading): Reading => ({ sensor: r.sensor, value: r.value * 3 })
export const isWatched = (r: Reading): boolean => (r.sensor & 3) !== 3
export const toNumber = (r: Reading): number => r.value + r.sensor

/** Where the last operator adds up. */
export const total = { sum: 0 }
export const add = (n: number): void => {
  total.sum += n
}

/** Records in memory, in batches as a source hands them on: read again and again. */
export const batches: Reading[][] = Array.from({ length: 8 }, (_, b) =>
  Array.from({ length: BATCH }, (_, i) => makeReading(b * BATCH + i)),
)

/** The batches, `count` records in all. */
class InMemory implements PartitionedSource<Reading> {
  readonly #count: number

  constructor(options: { count: number }) {
    this.#count = options.count
  }

  partitions(): string[] {
    return ['all']
  }

  open(): PartitionReader<Reading> {
    let done = 0
    return {
      next: () =>
        done === this.#count ? null : batches[((done += BATCH) / BATCH - 1) % batches.length],
      position: () => done,
    }
  }
}

/** The chain as a job; run inline, so that one thread is compared with one thread. */
export const chain = defineJob(import.meta.url, 'chain', (env, params: { count: number }) => {
  env
    .fromSource(InMemory, { count: params.count })
    .map(toKelvin)
    .filter(isPlausible)
    .map(scaled)
    .filter(isWatched)
    .map(toNumber)
    .sink(add)
  return {}
})

/** A job whose one map takes its time: for scaling over workers. */
export const busy = defineJob(
  import.meta.url,
  'busy',
  (env, params: { count: number; spins: number; workers: number }) => {
    const results = env
      .fromGenerator(params.count, (i) => i, { parallelism: params.workers })
      .map((n) => hashed(n, params.spins))
      .keyBy(() => 'all')
      .reduceFinal('sum', (a, b) => (a + b) % 1_000_003)
      .output('results')
    return { results }
  },
)

/** A computation that takes time in proportion to `spins`. */
export function hashed(n: number, spins: number): number {
  let hash = n + 1
  for (let i = 0; i < spins; i++) hash = (Math.imul(hash, 1_664_525) + 1_013_904_223) >>> 0
  return hash % 1_000_003
}
