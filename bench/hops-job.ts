import { defineJob } from 'sage-stream'

/** What is pushed, and comes out as it is. */
export interface Order {
  readonly seq: number
  readonly user: string
  readonly symbol: string
  readonly amount: number
}

/** Order `i`. */
export const makeOrder = (i: number): Order => ({
  seq: i,
  user: `user-${i % 1000}`,
  symbol: `symbol-${i % 97}`,
  amount: (i % 9) + 1,
})

const seen = (order: Order): Order => order

/** From the main thread to a subtask by user, from there to one by symbol, and back. */
export const twoHops = defineJob(import.meta.url, 'two hops', (env) => {
  const orders = env.createStream<Order>('orders')
  const byUser = orders.keyBy((order) => order.user).map(seen)
  const bySymbol = byUser.keyBy((order) => order.symbol).map(seen)
  return { orders, results: bySymbol.output('results') }
})

/** From the main thread to a worker, and back: as many crossings as an echo has. */
export const oneWorker = defineJob(import.meta.url, 'one worker', (env) => {
  const orders = env.createStream<Order>('orders')
  return { orders, results: orders.map(seen).output('results') }
})
