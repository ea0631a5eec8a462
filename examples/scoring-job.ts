import { defineJob, MapFunction } from 'sage-stream'

export interface Order {
  readonly id: number
  readonly user: string
  readonly amount: number
}

export interface Alert {
  readonly id: number
  readonly user: string
  readonly times: number
}

/** Compares each order with the mean of its user's orders so far. One instance per subtask; keys never meet. */
class Compare extends MapFunction<Order, Alert> {
  readonly #orders = new Map<string, { count: number; sum: number }>()

  override execute(order: Order): Alert {
    const seen = this.#orders.get(order.user) ?? { count: 0, sum: 0 }
    const mean = seen.count === 0 ? order.amount : seen.sum / seen.count
    this.#orders.set(order.user, { count: seen.count + 1, sum: seen.sum + order.amount })
    return { id: order.id, user: order.user, times: order.amount / mean }
  }
}

export const scoring = defineJob(
  import.meta.url,
  'scoring',
  (env, params: { threshold: number }) => {
    const orders = env.createStream<Order>('orders')
    const alerts = orders
      .keyBy((order) => order.user)
      .map(Compare)
      .filter((alert) => alert.times > params.threshold)
      .output('alerts')
    return { orders, alerts }
  },
)
