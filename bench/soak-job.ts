import { defineJob, FlatMapFunction, SinkFunction } from 'sage-stream'
import { liveHeap } from './live-heap.ts'

/** A record of about a kilobyte. */
export interface Bulk {
  readonly seq: number
  readonly user: string
  readonly text: string
}

/** Record `i`: its text is one of its own. */
export const makeBulk = (i: number): Bulk => ({
  seq: i,
  user: `user-${i % 1000}`,
  text: String(i).padEnd(1000, '.'),
})

/** Sleeps a millisecond for every 32 records: slower than all that is before it. */
class SlowSink extends SinkFunction<Bulk> {
  #count = 0

  override execute(): Promise<void> | undefined {
    if (++this.#count % 32 !== 0) return undefined
    return new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Now and then the live heap of a subtask's thread. */
export interface Milestone {
  readonly subtask: number
  readonly heapBytes: number
}

const NONE: readonly Milestone[] = []

class Milestones extends FlatMapFunction<Bulk, Milestone> {
  #count = 0

  override execute(): readonly Milestone[] {
    if (++this.#count % 20_000 !== 0) return NONE
    return [{ subtask: this.ctx.subtask, heapBytes: liveHeap() }]
  }
}

/** Pushed records by key to two slow sinks; milestones come back. */
export const soak = defineJob(import.meta.url, 'soak', (env) => {
  const records = env.createStream<Bulk>('records')
  const keyed = records.keyBy(({ user }) => user)
  return { records, milestones: keyed.sink(SlowSink).flatMap(Milestones).output('milestones') }
})
