/** One record at a time; `docs/library.md`, "Functions on records". */
import {
  type Collector,
  FilterFunction,
  FlatMapFunction,
  LocalEnvironment,
  MapFunction,
  OutputTag,
} from 'sage-stream'

interface Order {
  readonly id: number
  readonly user: string
  readonly amount: number
}

const env = new LocalEnvironment('records', { parallelism: 2 })
const orders = env.fromCollection<Order>([
  { id: 1, user: 'ada', amount: 20 },
  { id: 2, user: 'bob', amount: 0 },
  { id: 3, user: 'ada', amount: 900 },
])

const paid = orders.filter((order) => order.amount > 0)

paid
  .map(({ id, amount }) => ({ id, gross: amount * 1.2 }))
  .flatMap(({ id, gross }) => [`order ${id}`, `${gross} with tax`])
  .print('lambdas')

// null and undefined are "no output": a map may leave records out.
orders.map(({ user }) => (user === 'bob' ? user : null)).print('map')

/** Numbers what it sees: one instance per subtask, so its fields belong to that subtask. */
class Numbered extends MapFunction<Order, string> {
  readonly #prefix: string
  #count = 0

  constructor(options: { prefix: string }) {
    super()
    this.#prefix = options.prefix
  }

  // Called before the first record. May be async, as `close` may: connect, load, measure here.
  override open(): void {
    if (this.ctx.subtask === 0) this.logger.debug(`${this.name} of ${this.ctx.jobName} is open`)
  }

  override execute({ id }: Order): string {
    this.#count++
    return `${this.#prefix}${this.#count} is order ${id}`
  }
}
// Behind the class: what its constructor gets, then the options of the operator.
paid.map(Numbered, { prefix: 'no. ' }, { name: 'numbered' }).print('map class')

class Expensive extends FilterFunction<Order> {
  override execute({ amount }: Order): boolean {
    return amount > 100
  }
}
orders.filter(Expensive).print('filter class')

/** Emits a total behind the last record, too. */
class Total extends FlatMapFunction<Order, string> {
  #total = 0

  override execute({ amount }: Order, out: Collector<string>): void {
    this.#total += amount
    if (amount > 100) out.collect(`an order of ${amount}`)
  }

  override finish(out: Collector<string>): void {
    out.collect(`all orders: ${this.#total}`)
  }
}
paid.flatMap(Total).print('flatMap class')

// Any number of records, to any of several outputs.
const free = new OutputTag<number>('free')
const amounts = orders.process((order, _ctx, out) => {
  if (order.amount === 0) out.collectTo(free, order.id)
  else out.collect(order.amount)
})
amounts.print('process')
amounts.sideOutput(free).print('side output')

const [large, small] = orders.branch((order) => order.amount > 100)
large.map((order) => order.id).print('large')
small.map((order) => order.id).print('small')

// What is at hand together, at most 1,024 records: for work that is cheaper in bulk.
orders.processBatch((batch) => [batch.length]).print('batch')

await env.submit({ autostop: true })
