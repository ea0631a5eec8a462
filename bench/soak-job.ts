import { defineJob, SinkFunction } from 'sage-stream'

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

/** Pushed records by key to two slow sinks; every thousandth comes back. */
export const soak = defineJob(import.meta.url, 'soak', (env) => {
  const records = env.createStream<Bulk>('records')
  const keyed = records.keyBy(({ user }) => user)
  const milestones = keyed
    .sink(SlowSink)
    .filter(({ seq }) => seq % 1000 === 0)
    .map(({ seq }) => seq)
    .output('milestones')
  return { records, milestones }
})
