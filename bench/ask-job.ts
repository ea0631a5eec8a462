import { defineJob } from 'sage-stream'
import { type Order, score } from './ask-score.ts'

/** The function in a job: one hop there, one back. */
export const scores = defineJob(import.meta.url, 'scores', (env) => {
  const orders = env.createStream<Order>('orders')
  return { orders, scored: orders.map((order) => score(order)).output('scored') }
})
