import { defineJob, FlatMapFunction } from 'sage-stream'

export interface Params {
  readonly count: number
  /** What each record costs at the sink, in ms. */
  readonly ms: number
}

/** Adds up what all subtasks have had. */
class Sum extends FlatMapFunction<number, number> {
  execute() {
    return []
  }
  override finish(out: { collect(sum: number): void }) {
    out.collect(this.ctx.shared().get('sum', 0))
  }
}

/** A source that is as fast as it may be, before a slow end. */
export const slowEnd = defineJob(import.meta.url, 'slow-end', (env, { count, ms }: Params) => {
  const sum = env
    .fromGenerator(count, (i) => i, { uid: 'numbers' })
    .rebalance()
    .map(
      (n, ctx) => {
        for (const end = performance.now() + ms; performance.now() < end; );
        ctx.shared().increment('sum', n)
        return n
      },
      { name: 'slow', uid: 'slow' },
    )
    .flatMap(Sum, undefined, { uid: 'sum', parallelism: 1 })
    .output('sum')
  return { sum }
})
