import { type Collector, type DataStream, defineJob, ProcessFunction, tumbling } from 'sage-stream'

export interface Sale {
  readonly type: 'sale'
  readonly amount: number
}

export interface Refund {
  readonly type: 'refund'
  readonly value: number
}

/** Prepared, so that their making is not measured. */
const SALES: readonly Sale[] = Array.from({ length: 8192 }, (_, i) => ({
  type: 'sale',
  amount: (i % 97) + 1,
}))
const REFUNDS: readonly Refund[] = Array.from({ length: 8192 }, (_, i) => ({
  type: 'refund',
  value: (i % 31) + 1,
}))

/** Sale and refund `i`. */
export const saleOf = (i: number): Sale => SALES[i & 8191]
export const refundOf = (i: number): Refund => REFUNDS[i & 8191]

const sumOf = (records: Iterable<Sale | Refund>): number => {
  let sum = 0
  for (const one of records) sum += one.type === 'sale' ? one.amount : -one.value
  return sum
}

/** The sum of all amounts, at the end. */
class Sum extends ProcessFunction<number, number> {
  #sum = 0
  process(amount: number) {
    this.#sum += amount
  }
  override finish(out: Collector<number>) {
    out.collect(this.#sum)
  }
}

export interface ConnectedParams {
  /** Records of each stream. */
  readonly count: number
  readonly how: 'coMap' | 'union' | 'process' | 'window' | 'keyedWindow' | 'windowOfUnion'
}

/** Two streams of different records, brought to one amount. */
export const balance = defineJob(
  import.meta.url,
  'balance',
  (env, { count, how }: ConnectedParams) => {
    const sales = env.fromGenerator(count, saleOf, { parallelism: 1 })
    const refunds = env.fromGenerator(count, refundOf, { parallelism: 1 })
    const both = sales.connect(refunds)
    const amounts = {
      coMap: () => both.coMap([({ amount }) => amount, ({ value }) => -value]),
      union: () =>
        sales.union(refunds).map((one) => (one.type === 'sale' ? one.amount : -one.value)),
      process: () =>
        both.process(([ofSales, ofRefunds]) => {
          let sum = 0
          for (const { amount } of ofSales) sum += amount
          for (const { value } of ofRefunds) sum -= value
          return [sum]
        }),
      window: () =>
        both
          .window({ type: 'tumbling', size: '1s' })
          .process(({ inputs: [ofSales, ofRefunds] }) => {
            let sum = 0
            for (const { amount } of ofSales) sum += amount
            for (const { value } of ofRefunds) sum -= value
            return sum
          }),
      keyedWindow: () =>
        both
          .keyBy([({ amount }) => amount, ({ value }) => value])
          .window({ type: 'tumbling', size: '1s' })
          .process(({ inputs: [ofSales, ofRefunds] }) => sumOf(ofSales) + sumOf(ofRefunds)),
      windowOfUnion: () =>
        sales
          .union(refunds)
          .keyBy((one) => (one.type === 'sale' ? one.amount : one.value))
          .window(tumbling('1s'))
          .process((_key, _window, values, out) => out.collect(sumOf(values))),
    }
    const values: DataStream<number> = amounts[how]()
    return { sum: values.process(Sum).output('sum') }
  },
)
