import { defineJob, type PartitionedSource, type PartitionReader } from 'sage-stream'

const BATCH = 1024

/** What every contender calls for each record. */
export const lookUp = async (n: number): Promise<number> => n * 3

/** Where the last operator adds up. */
export const total = { sum: 0 }
export const add = (n: number): void => {
  total.sum += n
}

/** A batch in memory, again and again. */
export const batch: number[] = Array.from({ length: BATCH }, (_, i) => i)

class InMemory implements PartitionedSource<number> {
  readonly #count: number

  constructor(options: { count: number }) {
    this.#count = options.count
  }

  partitions(): string[] {
    return ['all']
  }

  open(): PartitionReader<number> {
    let done = 0
    return {
      next: () => {
        if (done >= this.#count) return null
        done += BATCH
        return batch
      },
      position: () => done,
    }
  }
}

/** Looks each record up; run inline, so that one thread is compared with one thread. */
export const lookups = defineJob(
  import.meta.url,
  'lookups',
  (env, { count, ordered }: { count: number; ordered: boolean }) => {
    env.fromSource(InMemory, { count }).asyncMap(lookUp, { ordered, capacity: 100 }).sink(add)
    return {}
  },
)
