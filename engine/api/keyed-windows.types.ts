import type { WindowMeta } from '../../operators/keyed-window/key-windows.ts'
import { same } from './fixtures/same-type.ts'
import type { DataStream, KeyedStream, WindowOut } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types of Bytewax's windows.

interface Order {
  user: string
  amount: number
  at: number
}
interface Payment {
  paid: number
  at: number
}

declare const orders: KeyedStream<string, Order>
declare const payments: KeyedStream<string, Payment>
declare const pairs: KeyedStream<string, [word: string, at: number]>
declare const unkeyed: DataStream<Order>

const system = {
  clock: { type: 'system' },
  windower: { type: 'tumbling', length: '10s' },
} as const
const windower = { type: 'sliding', length: '10s', offset: '1s', alignTo: 0 } as const

// The record is inferred; results stay keyed.
const collected = orders.collectWindow('collect', {
  clock: { type: 'event', timestamp: (order) => order.at, wait: '1s' },
  windower,
})
same<WindowOut<string, Order, Order[]>>()(collected, true)
same<KeyedStream<string, [windowId: number, value: Order[]]>>()(collected.down, true)
same<KeyedStream<string, [windowId: number, value: Order]>>()(collected.late, true)
same<KeyedStream<string, [windowId: number, meta: WindowMeta]>>()(collected.meta, true)
collected.down.map(([id, list], ctx) => {
  same<string>()(ctx.key, true)
  return id + list[0].amount
})

same<WindowOut<string, Order, Set<Order>>>()(
  orders.collectWindow('set', system, { into: 'set', ordered: false }),
  true,
)
same<WindowOut<string, [word: string, at: number], Map<string, number>>>()(
  pairs.collectWindow('map', system, { into: 'map', parallelism: 2 }),
  true,
)
// @ts-expect-error a map is one of pairs
orders.collectWindow('map', system, { into: 'map' }).down.map(([, map]) => map.get('a'))
// @ts-expect-error no such collection
orders.collectWindow('list', system, { into: 'list' })

same<WindowOut<string, Order, { sum: number }>>()(
  orders.foldWindow(
    'fold',
    system,
    () => ({ sum: 0 }),
    (a, order) => ({ sum: a.sum + order.amount }),
    (a, b) => ({ sum: a.sum + b.sum }),
    { ordered: false },
  ),
  true,
)
// @ts-expect-error sessions may meet
orders.foldWindow(
  'fold',
  system,
  () => 0,
  (sum, order) => sum + order.amount,
)
same<WindowOut<string, Order, Order>>()(
  orders.reduceWindow('reduce', system, (a, b) => (a.at > b.at ? a : b)),
  true,
)
same<WindowOut<string, Order, number>>()(orders.countWindow('count', system), true)
same<WindowOut<string, Order, Order>>()(
  orders.maxWindow('max', system, (order) => order.amount),
  true,
)
same<WindowOut<string, Order, Order>>()(orders.minWindow('min', system), true)

same<WindowOut<string, Order | Payment, [Order | null, Payment | null]>>()(
  orders.joinWindow(
    'join',
    { clock: { type: 'event', timestamp: ({ at }) => at, wait: 0 }, windower },
    payments,
  ),
  true,
)
same<WindowOut<string, Order | Payment, [Order, Payment]>>()(
  orders.joinWindow('complete', system, payments, { emitMode: 'complete', insertMode: 'first' }),
  true,
)
same<WindowOut<string, Order | Payment, [Order | null, Payment | null, Order | null]>>()(
  orders.joinWindow('three', system, [payments, orders], { emitMode: 'running' }),
  true,
)

// @ts-expect-error keyed streams only
unkeyed.countWindow('count', system)
// @ts-expect-error keyed streams only
orders.joinWindow('join', system, unkeyed)
// @ts-expect-error a clock of event time has a timestamp
orders.countWindow('count', { clock: { type: 'event', wait: 0 }, windower })
// @ts-expect-error no such windower
orders.countWindow('count', { clock: { type: 'system' }, windower: { type: 'hopping' } })
// @ts-expect-error the stepId is a string
orders.countWindow(1, system)
