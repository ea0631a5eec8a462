import { defineJob, MapFunction } from 'sage-stream'

export interface Order {
  readonly id: number
  readonly user: string
  readonly amount: number
}

export interface Score {
  readonly id: number
  readonly user: string
  /** How many times the user's usual amount it is. */
  readonly times: number
}

/** Compares each order with the mean of its user's orders so far. One instance per subtask; keys never meet. */
class Compare extends MapFunction<Order, Score> {
  readonly #orders = new Map<string, { count: number; sum: number }>()

  override execute({ id, user, amount }: Order): Score {
    const seen = this.#orders.get(user) ?? { count: 0, sum: 0 }
    const usual = seen.count === 0 ? amount : seen.sum / seen.count
    this.#orders.set(user, { count: seen.count + 1, sum: seen.sum + amount })
    return { id, user, times: amount / usual }
  }
}

/** Scores every order; what is far from the usual is an alert, too. */
export const orderScores = defineJob(
  import.meta.url,
  'order-scores',
  (env, params: { threshold: number }) => {
    const orders = env.createStream<Order>('orders')
    const compared = orders.keyBy((order) => order.user).map(Compare)
    return {
      orders,
      scores: compared.output('scores'),
      alerts: compared.filter((score) => score.times > params.threshold).output('alerts'),
    }
  },
)
