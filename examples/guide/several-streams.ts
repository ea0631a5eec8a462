/** More than one stream; `docs/library.md`, "Several streams". */
import { BaseCoMapFunction, BaseJoinFunction, LocalEnvironment } from 'sage-stream'

interface Order {
  readonly id: number
  readonly user: string
}
interface Payment {
  readonly order: number
  readonly amount: number
}

const env = new LocalEnvironment('several-streams', { parallelism: 2 })
const orders = env.fromCollection<Order>([
  { id: 1, user: 'ada' },
  { id: 2, user: 'bob' },
])
const payments = env.fromCollection<Payment>([
  { order: 2, amount: 7 },
  { order: 1, amount: 3 },
])

// All records of streams of one kind.
const refunds = env.fromCollection<Payment>([{ order: 1, amount: -3 }])
payments
  .union(refunds)
  .map((payment) => payment.amount)
  .print('union')

// Streams of different kinds: one function for each, one stream of results.
orders
  .connect(payments)
  .coMap([(order) => `${order.user} ordered`, (payment) => `${payment.amount} paid`])
  .print('coMap')

/** Keyed by the same values, records that belong together meet in one subtask, and share its state. */
class Match extends BaseCoMapFunction<string> {
  override map0(order: Order): string | null {
    return this.#meet({ user: order.user })
  }

  override map1(payment: Payment): string | null {
    return this.#meet({ amount: payment.amount })
  }

  #meet(half: { user?: string; amount?: number }): string | null {
    const waiting = this.ctx.state('waiting', () => ({}) as typeof half)
    const { user, amount } = { ...waiting.value, ...half }
    if (user === undefined || amount === undefined) {
      waiting.value = half
      return null
    }
    waiting.clear()
    return `${user} paid ${amount}`
  }
}
const both = orders.keyBy((order) => order.id).connect(payments.keyBy((payment) => payment.order))
both.coMap(Match).print('match')

/** A join: methods for the left and the right stream, and any number of rows from each call. */
class Join extends BaseJoinFunction<Order, Payment, number, string> {
  left(order: Order, id: number): string[] {
    this.ctx.state('order', () => order).value = order
    return this.ctx
      .listState<Payment>('payments')
      .get()
      .map((payment) => this.#row(id, order, payment))
  }

  right(payment: Payment, id: number): string[] {
    this.ctx.listState<Payment>('payments').add(payment)
    const { value: order } = this.ctx.state<Order | undefined>('order', () => undefined)
    return order === undefined ? [] : [this.#row(id, order, payment)]
  }

  #row(id: number, { user }: Order, { amount }: Payment): string {
    return `order ${id} of ${user}: ${amount}`
  }
}
both.join(Join).print('join')

await env.submit({ autostop: true })
