import {
  BaseCoMapFunction,
  BaseJoinFunction,
  OutputTag,
} from '../../operators/contract/function.ts'
import { same } from './fixtures/same-type.ts'
import type {
  ConnectedStreams,
  DataStream,
  KeyedConnectedStreams,
  KeyedStream,
  PatternStream,
} from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types of keyed and connected streams.

interface Order {
  user: string
  amount: number
}

declare const numbers: DataStream<number>
declare const words: DataStream<string>
declare const orders: DataStream<Order>

// Keyed streams stay keyed where they should, and know K.
declare const byUser: KeyedStream<string, Order>
same<KeyedStream<string, number>>()(
  byUser.map((o) => o.amount),
  true,
)
same<KeyedStream<string, Order>>()(
  byUser.filter((o) => o.amount > 1).inspect(() => {}),
  true,
)
same<KeyedStream<string, string>>()(
  byUser.flatMap((o) => [o.user]),
  true,
)
same<KeyedStream<string, Order>>()(
  byUser
    .setParallelism(2)
    .sink(() => {})
    .print(),
  true,
)
same<KeyedStream<string, Order>>()(byUser.branch((o) => o.amount > 1)[0], true)
same<KeyedStream<string, Order>>()(byUser.union(byUser), true)
same<DataStream<Order>>()(byUser.union(orders), true)
same<DataStream<Order>>()(byUser.rebalance(), true)
same<DataStream<Order>>()(byUser.broadcast(), true)
byUser.map((_o, ctx) => same<string>()(ctx.key, true))
same<KeyedStream<string, Order>>()(
  byUser.reduce((a) => a),
  true,
)
same<KeyedStream<string, Order>>()(
  byUser.reduceFinal('last', (_a, b) => b),
  true,
)
same<KeyedStream<string, { n: number }>>()(
  byUser.foldFinal(
    'n',
    () => ({ n: 0 }),
    (a) => ({ n: a.n + 1 }),
    { merge: (a, b) => ({ n: a.n + b.n }) },
  ),
  true,
)
same<KeyedStream<string, Order>>()(
  byUser.maxFinal('max', (o) => o.amount),
  true,
)
same<KeyedStream<string, Order>>()(byUser.minFinal('min'), true)
same<DataStream<[string, Order]>>()(byUser.entries(), true)
same<KeyedStream<string, number>>()(
  words.countFinal('count', (w) => w),
  true,
)
const matches = byUser.pattern((p) =>
  p
    .begin('large')
    .where((o) => o.amount > 1)
    .followedBy('small')
    .oneOrMore(),
)
same<PatternStream<string, Order, { large: Order[]; small: Order[] }>>()(matches, true)
same<KeyedStream<string, number>>()(
  matches.map(({ large, small }, ctx) => large.length + small.length + ctx.key.length),
  true,
)
const partials = new OutputTag<{ large: Order[]; small: Order[] }>('partials')
const amounts = new OutputTag<number>('amounts')
const users = new OutputTag<string>('users')
matches.timedOut(partials).lateOutput(new OutputTag<Order>('late'))
matches.timedOut(amounts, ({ large: [o] }, ctx) => o.amount + ctx.key.length)
same<DataStream<number>>()(matches.sideOutput(amounts), true)
// @ts-expect-error what is timed out are records of matches
matches.timedOut(amounts)
// @ts-expect-error the tag is one of strings
matches.timedOut(users, () => 1)
// @ts-expect-error late are events
matches.lateOutput(users)
// @ts-expect-error a promise is no record
matches.timedOut(users, async () => 'x')
// @ts-expect-error no pattern
byUser.pattern(() => 1)
// @ts-expect-error keyed streams only
orders.pattern((p) => p.begin('a'))
// @ts-expect-error keyed streams only
orders.reduce((a) => a)
// @ts-expect-error keyed streams only
orders.entries()
export const widened: DataStream<Order> = byUser
// @ts-expect-error an unkeyed stream is no keyed one
export const narrowed: KeyedStream<string, Order> = orders
// @ts-expect-error other records
export const other: DataStream<string> = numbers

// union, connect, connected streams.
same<DataStream<string | number>>()(words.union(numbers, numbers), true)
same<ConnectedStreams<[string, number]>>()(words.connect(numbers), true)
same<ConnectedStreams<[Order, string, number]>>()(orders.connect(words.connect(numbers)), true)
same<ConnectedStreams<[string, number, Order]>>()(words.connect(numbers).connect(orders), true)
same<KeyedConnectedStreams<string, [Order, Order]>>()(byUser.connect(byUser), true)
same<ConnectedStreams<[Order, number]>>()(byUser.connect(numbers), true)
const pair = words.connect(numbers)
same<DataStream<boolean>>()(
  pair.map((v) => v === 1),
  true,
)
same<ConnectedStreams<[string, number]>>()(pair.sink(() => {}).print(), true)
same<KeyedConnectedStreams<string, [string, number]>>()(
  pair.keyBy((v) => String(v)),
  true,
)
same<KeyedConnectedStreams<number, [string, number]>>()(
  pair.keyBy([(w) => w.length, (n) => n + 1]),
  true,
)
same<ConnectedStreams<[string, number]>>()(
  pair.keyBy((v) => String(v), 'broadcast'),
  true,
)
same<DataStream<number | boolean>>()(
  pair.coMap([(w) => w.length, (n) => (n > 1 ? n > 2 : null)]),
  true,
)
class Both extends BaseCoMapFunction {
  map0(w: string) {
    return w.length
  }
  map1(n: number) {
    return n > 1 ? n > 2 : null
  }
}
same<DataStream<number | boolean>>()(pair.coMap(Both), true)
class Typed extends BaseCoMapFunction<string> {
  map0(w: string) {
    return w
  }
  map1(n: number) {
    return `${n}`
  }
}
same<DataStream<string>>()(pair.coMap(Typed, undefined, { parallelism: 1 }), true)
class Executed extends BaseJoinFunction<string, number, string, { w: string }> {
  override execute(payload: string | number, _key: string, _tag: 0 | 1) {
    return [{ w: String(payload) }]
  }
}
class Sided extends BaseJoinFunction {
  left(w: string) {
    return [w]
  }
  right(n: number) {
    return n > 1 ? [n] : null
  }
}
same<DataStream<{ w: string }>>()(pair.keyBy((v) => String(v)).join(Executed), true)
same<DataStream<string | number>>()(pair.keyBy((v) => String(v)).join(Sided), true)
