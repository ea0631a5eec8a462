import type { RuntimeContext } from '../../operators/contract/context.ts'
import {
  FilterFunction,
  FlatMapFunction,
  KeyByFunction,
  MapFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
} from '../../operators/contract/function.ts'
import { FileSink } from '../../operators/files/file-sink.ts'
import { SqlSink } from '../../operators/sql/sql-sink.ts'
import { sqlite } from '../../operators/sql/sqlite.ts'
import { same } from './fixtures/same-type.ts'
import type { OperatorOptions } from './options.ts'
import type { OutputStream } from './output-stream.ts'
import type { DataStream, KeyedStream } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types.

interface Order {
  user: string
  amount: number
  note: string | null
}

declare const numbers: DataStream<number>
declare const words: DataStream<string>
declare const mixed: DataStream<string | number>
declare const orders: DataStream<Order>
declare const anything: DataStream<any>
const options: OperatorOptions = { name: 'x' }

// Lambdas: parameters infer, also with options from a variable; null means no output.
same<DataStream<string>>()(
  numbers.map((n) => `${n}`),
  true,
)
same<DataStream<number>>()(
  numbers.map((n) => (n > 1 ? n : null), options),
  true,
)
same<DataStream<string>>()(
  numbers.map(() => 'a'),
  true,
)
same<DataStream<[string, number]>>()(
  numbers.map((n): [string, number] => ['a', n]),
  true,
)
same<DataStream<any>>()(
  numbers.map((n) => JSON.parse(`${n}`)),
  true,
)
same<DataStream<string>>()(numbers.map(String), true)
same<DataStream<boolean>>()(
  numbers.map<boolean>((n) => n > 1),
  true,
)
numbers.map((_n, ctx) => same<RuntimeContext<any>>()(ctx, true))
// @ts-expect-error the parameter is a number
numbers.map((n) => n.length)

// A promise is never a record.
// @ts-expect-error use asyncMap
numbers.map(async (n) => n)
// @ts-expect-error use asyncMap
numbers.map((n) => (n > 1 ? Promise.resolve(n) : n))
// @ts-expect-error
numbers.filter(async (n) => n > 1)
// @ts-expect-error
numbers.flatMap(async (n) => [n])
// @ts-expect-error
numbers.process(async (n, _ctx, out) => out.collect(n))
// @ts-expect-error
numbers.process<number>(async (n, _ctx, out) => out.collect(n))
// @ts-expect-error
numbers.inspect(async () => {})
// @ts-expect-error
numbers.branch(async () => true)
// @ts-expect-error
numbers.keyBy(async (n) => n)
// @ts-expect-error
numbers.connect(words).map(async (n) => n)
// @ts-expect-error
numbers.connect(words).coMap([async (n) => n, (w) => w])
numbers.sink(async (n) => console.log(n))

// Generic pieces.
export function dedupe<X>(stream: DataStream<X>): DataStream<X & {}> {
  const seen = new Set<X>()
  return stream
    .filter((x) => !seen.has(x))
    .map((x) => {
      seen.add(x)
      return x
    })
}
export function stamped<X extends object>(stream: DataStream<X>): DataStream<X & { at: number }> {
  return stream.map((x) => ({ ...x, at: 1 }))
}
export function boxed<X>(stream: DataStream<X>): DataStream<{ x: X }> {
  return stream.map((x) => ({ x }))
}

// Classes: with and without constructor options.
class Shout extends MapFunction<string, string> {
  execute(word: string) {
    return word.toUpperCase()
  }
}
class Scale extends MapFunction<number, number> {
  factor: number
  constructor({ factor }: { factor: number }) {
    super()
    this.factor = factor
  }
  execute(n: number) {
    return n > 0 ? n * this.factor : null
  }
}
class Loose extends MapFunction {
  execute(n: number) {
    return [n]
  }
}
class Late extends MapFunction<number, Promise<number>> {
  async execute(n: number) {
    return n
  }
}
same<DataStream<string>>()(words.map(Shout), true)
same<DataStream<string>>()(words.map(Shout, undefined, { parallelism: 2 }), true)
same<DataStream<number>>()(numbers.map(Scale, { factor: 2 }), true)
same<DataStream<number>>()(numbers.map(Scale, { factor: 2 }, { name: 'scale' }), true)
same<DataStream<number[]>>()(numbers.map(Loose), true)
// @ts-expect-error constructor options are missing
numbers.map(Scale)
// @ts-expect-error of the wrong type
numbers.map(Scale, { factor: 'x' })
// @ts-expect-error operator options in the place of constructor options
words.map(Shout, { name: 'shout' })
// @ts-expect-error a class for strings
numbers.map(Shout)
// @ts-expect-error a promise is never a record
numbers.map(Late)
// @ts-expect-error no function
numbers.map(42)
// @ts-expect-error no such option
numbers.map((n) => n, { paralelism: 2 })

// filter and branch narrow.
const isString = (value: string | number): value is string => typeof value === 'string'
same<DataStream<string>>()(mixed.filter(isString), true)
same<DataStream<string>>()(
  mixed.filter((v) => typeof v === 'string'),
  true,
)
same<DataStream<string | number>>()(
  mixed.filter((v) => v),
  true,
)
same<[trues: DataStream<string>, falses: DataStream<number>]>()(mixed.branch(isString), true)
same<[trues: DataStream<number>, falses: DataStream<number>]>()(
  numbers.branch((n) => n > 1),
  true,
)
class Odd extends FilterFunction<number> {
  execute(n: number) {
    return n % 2
  }
}
same<DataStream<number>>()(numbers.filter(Odd), true)
same<[trues: DataStream<number>, falses: DataStream<number>]>()(numbers.branch(Odd), true)

// flatMap: items, single items, nothing.
same<DataStream<string>>()(
  words.flatMap((line) => line.split(' ')),
  true,
)
same<DataStream<string>>()(
  words.flatMap((line) => line.trim()),
  true,
)
same<DataStream<number>>()(
  numbers.flatMap((n) => (n > 1 ? [n, null] : undefined)),
  true,
)
same<DataStream<[string, number]>>()(
  anything.flatMap(() => new Map([['a', 1]])),
  true,
)
same<DataStream<Uint8Array<ArrayBuffer>>>()(
  numbers.flatMap((n) => new Uint8Array(n)),
  true,
)
class Split extends FlatMapFunction<string, string> {
  execute(line: string) {
    return line.split(' ')
  }
}
same<DataStream<string>>()(words.flatMap(Split), true)
// @ts-expect-error a number cannot be iterated
numbers.flatMap((n) => n + 1)

// keyBy: tuples, strategies, classes.
same<KeyedStream<string, Order>>()(
  orders.keyBy((o) => o.user),
  true,
)
same<KeyedStream<readonly [string, number], Order>>()(
  orders.keyBy((o) => [o.user, o.amount]),
  true,
)
same<DataStream<Order>>()(
  orders.keyBy((o) => o.user, 'round_robin'),
  true,
)
same<DataStream<Order>>()(
  orders.keyBy((o) => o.user, 'broadcast', options),
  true,
)
same<KeyedStream<string, Order>>()(
  orders.keyBy((o) => o.user, 'custom', { partition: (user, n) => user.length % n }),
  true,
)
class ByUser extends KeyByFunction<Order, string> {
  execute(order: Order) {
    return order.user
  }
}
class ByField extends KeyByFunction<Order, string> {
  field: 'user'
  constructor(options: { field: 'user' }) {
    super()
    this.field = options.field
  }
  execute(order: Order) {
    return order[this.field]
  }
}
same<KeyedStream<string, Order>>()(orders.keyBy(ByUser), true)
same<KeyedStream<string, Order>>()(
  orders.keyBy(ByField, 'hash', { options: { field: 'user' } }),
  true,
)
same<DataStream<Order>>()(orders.keyBy(ByUser, 'round_robin'), true)
// @ts-expect-error an object is no key
orders.keyBy((o) => ({ user: o.user }))

// process, side outputs, dead letters, outputs.
const tag = new OutputTag<Date>('late')
same<DataStream<Date>>()(words.process(() => {}).sideOutput(tag), true)
same<DataStream<any>>()(
  words.process((w, _ctx, out) => out.collect(w)),
  true,
)
same<DataStream<number>>()(
  words.process<number>((w, _ctx, out) => out.collect(w.length)),
  true,
)
class Lengths extends ProcessFunction<string, number> {
  process(word: string, _ctx: RuntimeContext, out: { collect(n: number): void }) {
    out.collect(word.length)
  }
}
same<DataStream<number>>()(words.process(Lengths), true)
same<DataStream<number>>()(
  words.processBatch((items) => items.map((w) => w.length)),
  true,
)
same<OutputStream<string>>()(words.output('words', { capacity: 10 }), true)
same<unknown>()(
  words
    .deadLetters()
    .map((d) => d.error && d)
    .pipe((s) => s as unknown),
  true,
)
same<DataStream<number>>()(
  words.pipe((s) => s.map((w) => w.length)),
  true,
)
same<DataStream<any>>()(words.pipe('piece'), true)
class Store extends SinkFunction<string> {
  constructor(_options: { path: string }) {
    super()
  }
  execute() {}
}
same<DataStream<string>>()(words.sink(Store, { path: 'x' }, { capacity: 4 }), true)
// @ts-expect-error
words.sink(Store)

// Files: the records reach `partition`.
const files = { path: 'out', format: 'json' } as const
same<DataStream<Order>>()(orders.sink(FileSink, files), true)
orders.sink(FileSink, { ...files, partition: (order) => order.user }, { name: 'files' })
orders.keyBy((order) => order.user).sink(FileSink, { ...files, partition: (order) => order.user })
orders.connect(orders).sink(FileSink, { ...files, partition: ({ user }) => user })
// @ts-expect-error: there is no such format
orders.sink(FileSink, { path: 'out', format: 'xml' })
// @ts-expect-error: a folder is needed
orders.sink(FileSink)

// Databases: columns are fields of the records.
const database = sqlite('orders.db')
const table = { database, table: 'orders' }
same<DataStream<Order>>()(orders.sink(SqlSink, table), true)
orders.sink(SqlSink, { ...table, columns: ['user'], key: ['user'] }, { uid: 'orders' })
orders.keyBy((order) => order.user).sink(SqlSink, { ...table, key: ['user'] })
const statement = 'INSERT INTO users VALUES (?) ON CONFLICT DO NOTHING'
orders.sink(SqlSink, { database, statement, values: ({ user }) => [user] })
orders.connect(orders).sink(SqlSink, { database, statement, values: ({ user }) => [user] })
// @ts-expect-error: there is no such field
orders.sink(SqlSink, { ...table, columns: ['username'] })
// @ts-expect-error: a statement takes values
orders.sink(SqlSink, { database, statement })
// @ts-expect-error: a table, or a statement
orders.sink(SqlSink, { ...table, statement, values: ({ user }) => [user] })
