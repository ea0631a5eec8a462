import { type Counter, defineJob, type Histogram, MapFunction } from 'sage-stream'

export interface Order {
  readonly id: number
  readonly amount: number
}

/** Makes its metrics once per subtask, and keeps them. */
class Price extends MapFunction<Order, number> {
  #large!: Counter
  #amounts!: Histogram
  #highest = 0

  override open(): void {
    this.#large = this.ctx.metrics.counter('large orders')
    this.#amounts = this.ctx.metrics.histogram('amount')
    this.ctx.metrics.gauge('highest', () => this.#highest)
  }

  override execute({ amount }: Order): number {
    if (amount > 900) this.#large.inc()
    this.#amounts.record(amount)
    this.#highest = Math.max(this.#highest, amount)
    return amount * 1.2
  }
}

export const pricing = defineJob(import.meta.url, 'pricing', (env, params: { orders: number }) => {
  const prices = env
    .fromGenerator(params.orders, (id): Order => ({ id, amount: id % 1000 }))
    .keyBy((order) => order.id)
    .map(Price)
    // A lambda asks by name: the metric is made by the first call.
    .filter((price, ctx) => {
      if (price === 0) ctx.metrics.counter('free').inc()
      return price > 0
    })
  return { prices: prices.output('prices') }
})
