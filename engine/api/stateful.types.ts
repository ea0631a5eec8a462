import type { RuntimeContext } from '../../operators/contract/context.ts'
import {
  type LogicResult,
  StatefulBatchLogic,
  StatefulLogic,
} from '../../operators/stateful/logic.ts'
import { same } from './fixtures/same-type.ts'
import type { JoinOptions } from './options.ts'
import type { DataStream, KeyedStream } from './streams.ts'

// Compiled by `tsc`, never run: what a user sees of the types of stateful operators.

interface Order {
  user: string
  amount: number
}

declare const orders: DataStream<Order>
declare const byUser: KeyedStream<string, Order>
declare const names: KeyedStream<string, { name: string }>
declare const ages: KeyedStream<string, number>
declare const byNumber: KeyedStream<number, Order>

// The state's type is that of the annotated parameter; records and keys infer.
same<KeyedStream<string, { user: string; count: number }>>()(
  byUser.statefulMap('count', (n: number | undefined, order, key) => {
    same<Order>()(order, true)
    same<string>()(key, true)
    return [(n ?? 0) + 1, { user: key, count: (n ?? 0) + 1 }]
  }),
  true,
)
same<KeyedStream<string, string>>()(
  byUser.statefulMap('forgets', (last: number | undefined, { amount }) =>
    last === amount ? [null, null] : [amount, 'changed'],
  ),
  true,
)
same<KeyedStream<string, number>>()(
  byUser.statefulMap('options', (n: number | undefined, { amount }) => [amount, n ?? 0], {
    parallelism: 2,
    errors: 'skip',
  }),
  true,
)
same<KeyedStream<string, number | string>>()(
  byUser.statefulFlatMap('flat', (n: number | undefined, { user, amount }) =>
    n === undefined ? [amount, null] : [null, [user, amount]],
  ),
  true,
)
// @ts-expect-error the pair is missing
byUser.statefulMap('bare', (n: number | undefined) => n)
// @ts-expect-error the state is a number
byUser.statefulMap('state', (n: number | undefined) => ['one', n])
// @ts-expect-error a promise is never a record
byUser.statefulMap('async', (n: number | undefined) => [n ?? 0, Promise.resolve(1)])
// @ts-expect-error the step id comes first
byUser.statefulMap((n: number | undefined) => [n, n])
// @ts-expect-error keyed streams only
orders.statefulMap('unkeyed', () => [1, 1])
// @ts-expect-error keyed streams only
orders.stateful('unkeyed', () => new Total())
// @ts-expect-error keyed streams only
orders.collect('unkeyed', { timeout: '1s', maxSize: 1 })
// @ts-expect-error keyed streams only
orders.join('unkeyed', names)

class Total extends StatefulLogic<Order, string, { sum: number }> {
  sum = 0
  onItem({ amount }: Order): LogicResult<string> {
    this.sum += amount
    return [[`${this.sum}`], this.sum > 9 ? StatefulLogic.DISCARD : StatefulLogic.RETAIN]
  }
  override notifyAt() {
    return this.sum === 0 ? null : 5
  }
  snapshot() {
    return { sum: this.sum }
  }
}
same<KeyedStream<string, string>>()(
  byUser.stateful('total', (resumeState: { sum: number } | undefined, ctx) => {
    same<RuntimeContext<string>>()(ctx, true)
    const total = new Total()
    total.sum = resumeState?.sum ?? 0
    return total
  }),
  true,
)
same<KeyedStream<string, string>>()(
  byUser.stateful('inferred', () => new Total()),
  true,
)
// @ts-expect-error other records
names.stateful('others', () => new Total())
// @ts-expect-error a batch logic is another
byUser.statefulBatch('item', () => new Total())

class Lengths extends StatefulBatchLogic<Order, number, null> {
  // What a user may leave to inference.
  onBatch(values: Order[]): [number[], boolean] {
    return [[values.length], false]
  }
  snapshot() {
    return null
  }
}
same<KeyedStream<string, number>>()(
  byUser.statefulBatch('lengths', () => new Lengths()),
  true,
)

same<KeyedStream<string, Order[]>>()(byUser.collect('c', { timeout: '5s', maxSize: 10 }), true)
// @ts-expect-error both are needed
byUser.collect('c', { timeout: '5s' })

// Rows in the order of the sides; elements may be null unless rows are complete.
same<KeyedStream<string, [Order, { name: string }]>>()(byUser.join('j', names), true)
same<KeyedStream<string, [Order, { name: string }]>>()(
  byUser.join('j', names, { insertMode: 'first', name: 'joined' }),
  true,
)
same<KeyedStream<string, [Order, { name: string }, number]>>()(
  byUser.join('j', [names, ages], { emitMode: 'complete' }),
  true,
)
same<KeyedStream<string, [Order | null, { name: string } | null]>>()(
  byUser.join('j', names, { emitMode: 'final' }),
  true,
)
same<KeyedStream<string, [Order | null, { name: string } | null, number | null]>>()(
  byUser.join('j', [names, ages], { insertMode: 'product', emitMode: 'running' }),
  true,
)
const options = { emitMode: 'running' } as const
same<KeyedStream<string, [Order | null, number | null]>>()(byUser.join('j', ages, options), true)
declare const any: JoinOptions
byUser.join('j', ages, any).map((row) => same<Order | null>()(row[0], true))
// @ts-expect-error keys of another type
byUser.join('j', byNumber)
// @ts-expect-error not keyed
byUser.join('j', orders)
// @ts-expect-error no such mode
byUser.join('j', ages, { emitMode: 'left' })
