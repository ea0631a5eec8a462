import { OutputTag } from '../../operators/contract/function.ts'
import { triggers } from '../../operators/window/trigger.ts'
import type { Window, WindowResult } from '../../operators/window/window.ts'
import { session, tumbling, WindowAssigner } from '../../operators/window/window-assigner.ts'
import { same } from './fixtures/same-type.ts'
import type { DataStream, KeyedStream, WindowedStream } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types of windows and joins in time.

interface Order {
  user: string
  amount: number
  id: bigint
}

declare const byUser: KeyedStream<string, Order>
declare const byPair: KeyedStream<readonly [string, number], number>
declare const orders: DataStream<Order>

const windowed = byUser.window(tumbling('10s', '-1s'))
same<WindowedStream<string, Order>>()(windowed, true)
same<WindowedStream<string, Order>>()(
  windowed
    .allowedLateness('5s')
    .lateOutput(new OutputTag<Order>('late'))
    .trigger(triggers.purging(triggers.every('1s'))),
  true,
)
same<KeyedStream<string, WindowResult<string, number>>>()(windowed.count(), true)
same<KeyedStream<readonly [string, number], WindowResult<readonly [string, number], number>>>()(
  byPair.window(session('1m')).count({ name: 'visits' }),
  true,
)
same<KeyedStream<string, WindowResult<string, number>>>()(
  windowed.sum((o) => o.amount),
  true,
)
same<KeyedStream<string, WindowResult<string, bigint>>>()(
  windowed.sum((o) => o.id),
  true,
)
same<KeyedStream<string, WindowResult<string, string>>>()(
  windowed.max((o) => o.user),
  true,
)
same<KeyedStream<string, WindowResult<string, Order>>>()(
  windowed.reduce((a, b) => (a.amount > b.amount ? a : b)),
  true,
)
same<KeyedStream<string, WindowResult<string, Order[]>>>()(windowed.toArray(), true)
same<KeyedStream<string, WindowResult<string, { n: number }>>>()(
  windowed.aggregate({ create: () => ({ n: 0 }), add: (a, o) => ({ n: a.n + o.amount }) }),
  true,
)
same<KeyedStream<string, WindowResult<string, string>>>()(
  windowed.aggregate({
    create: () => ({ n: 0 }),
    add: (a, o) => ({ n: a.n + o.amount }),
    merge: (a, b) => ({ n: a.n + b.n }),
    result: (a) => (a.n > 1 ? `${a.n}` : null),
  }),
  true,
)
same<KeyedStream<string, number>>()(
  windowed.process<number>((key, window, values, out) => {
    same<string>()(key, true)
    same<Window>()(window, true)
    same<Order[]>()(values, true)
    out.collect(values.length)
  }),
  true,
)
windowed.count().map(({ key, start, end, value }, ctx) => {
  same<string>()(key, true)
  same<number>()(start + end, true)
  same<string>()(ctx.key, true)
  return value
})
same<DataStream<Order>>()(windowed.count().sideOutput(new OutputTag<Order>('late')), true)

byUser.window({ assign: (order, at) => [{ start: at, end: at + order.amount }] })
byUser.window(
  new (class extends WindowAssigner<Order> {
    override readonly merges = true
    assign(order: Order, at: number) {
      return [{ start: at, end: at + order.amount }]
    }
  })(),
)
// @ts-expect-error not keyed
orders.window(tumbling(1))
// @ts-expect-error no assigner
byUser.window(10)
// @ts-expect-error another record
byUser.window({ assign: (n: number) => [{ start: n, end: n + 1 }] })
// @ts-expect-error another record
windowed.lateOutput(new OutputTag<number>('late'))
// @ts-expect-error no number
windowed.sum((o) => o.user)
// @ts-expect-error cannot be compared
windowed.max((o) => o)
// @ts-expect-error a promise is no record
windowed.process(async () => {})
// @ts-expect-error no add
windowed.aggregate({ create: () => 0 })

same<KeyedStream<string, [Order, number]>>()(
  byUser.intervalJoin(
    byUser.map((o) => o.amount),
    { before: '1s', after: 500 },
  ),
  true,
)
byUser.intervalJoin(byUser, { before: 1, lateOutput: new OutputTag<Order>('late') })
byUser.intervalJoin(
  byUser.map((o) => o.amount),
  { before: 1, lateOutput: new OutputTag<Order | number>('late') },
)
// @ts-expect-error another record
byUser.intervalJoin(byUser, { before: 1, lateOutput: new OutputTag<string>('late') })
// @ts-expect-error not keyed
byUser.intervalJoin(orders, { before: 1 })
