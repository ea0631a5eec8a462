import { type Counter, defineJob, type Histogram, MapFunction } from 'sage-stream'

/** Counts each record in a metric of its own, or not at all. */
export const counted = defineJob(
  import.meta.url,
  'counted',
  (
    env,
    { count, what }: { count: number; what: 'nothing' | 'counter' | 'histogram' | 'looked up' },
  ) => {
    class Counted extends MapFunction<number, number> {
      declare private records: Counter
      override open(): void {
        this.records = this.ctx.metrics.counter('seen')
      }
      execute(n: number): number {
        this.records.inc()
        return n + 1
      }
    }
    class Measured extends MapFunction<number, number> {
      declare private sizes: Histogram
      override open(): void {
        this.sizes = this.ctx.metrics.histogram('seen')
      }
      execute(n: number): number {
        this.sizes.record(n & 1023)
        return n + 1
      }
    }
    const numbers = env.fromGenerator(count, (n) => n)
    const maps = {
      nothing: () => numbers.map((n) => n + 1),
      counter: () => numbers.map(Counted),
      histogram: () => numbers.map(Measured),
      'looked up': () =>
        numbers.map((n, ctx) => {
          ctx.metrics.counter('seen').inc()
          return n + 1
        }),
    }
    maps[what]().sink(() => {})
    return {}
  },
)
